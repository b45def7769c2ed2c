// Scenarios of the socket calls, each run over plain TCP and over IPPROTO_TLS.
//
//  1. Both worlds run all scenarios of semantics/, plain TCP outside and IPPROTO_TLS below `ssa run`.
//  2. Each scenario gives a list of observations: what a call returned, which events came, which bytes.
//  3. The lists must be equal but for the rows of semanticsDifferences, which must differ exactly as they say.
package tests

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// An outcome is what one scenario gave in one world.
type outcome struct {
	Name   string
	Exit   int
	Log    []observation
	Stderr string
}

// An observation is a key and a value, as one pair in JSON.
type observation [2]json.RawMessage

func (o observation) key() string {
	var key string
	if err := json.Unmarshal(o[0], &key); err != nil {
		return err.Error()
	}
	return key
}

func TestSemantics(t *testing.T) {
	env, python := semanticsEnv(t), testutil.Python(t)
	plain := startWorld(t, env, exec.Command(python, "semantics/run.py", "tcp"))
	tls := startWorld(t, env, ssaRun(t, python, "semantics/run.py", "tls"))
	got := tls.outcomes(t)
	compareAll(t, plain.outcomes(t), got)
	checkDifferencesUsed(t, got)
}

// On kernels before 5.19 a signal interrupts a call that the supervisor is carrying out, and the call is repeated.
func TestSemanticsInterruptible(t *testing.T) {
	env, python := semanticsEnv(t), testutil.Python(t)
	// Such a kernel restarts every trapped call as SA_RESTART says, also one with a timeout (seccomp_unotify(2), BUGS).
	names := []string{"signal_*", "connect_*", "share_*", "!signal_accept_with_timeout"}
	plain := startWorld(t, env, exec.Command(python, append([]string{"semantics/run.py", "tcp"}, names...)...))
	old := refusing(t, "5.14", append([]string{ssaPath(t), "run", "--", python, "semantics/run.py", "tls"}, names...)...)
	compareAll(t, plain.outcomes(t), startWorld(t, env, old).outcomes(t))
}

func compareAll(t *testing.T, want, got map[string]outcome) {
	t.Helper()
	for name := range want {
		if _, ran := got[name]; !ran {
			t.Errorf("scenario %s did not run over IPPROTO_TLS", name)
		}
	}
	for _, name := range sortedKeys(got) {
		t.Run(name, func(t *testing.T) { compareWorlds(t, want[name], got[name]) })
	}
}

// semanticsEnv is the environment of a scenario: the files of a certificate authority and the process outside.
func semanticsEnv(t *testing.T) []string {
	t.Helper()
	ca := testutil.NewCA(t, "semantics")
	cert := ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}})
	outside := filepath.Join(t.TempDir(), "outside")
	testutil.Start(t, exec.Command(testutil.Python(t), "-B", "semantics/outside.py", outside)).WaitOutput("ready")
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SSA_TEST_") })
	return append(inherited, "PYTHONDONTWRITEBYTECODE=1", "SSA_TEST_CA="+ca.Path, "SSA_TEST_CHAIN="+cert.Chain,
		"SSA_TEST_KEY="+cert.Key, "SSA_TEST_OUTSIDE="+outside)
}

// A world is a run of all scenarios.
type world struct {
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

func startWorld(t *testing.T, env []string, cmd *exec.Cmd) *world {
	t.Helper()
	w := &world{cmd: cmd}
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &w.stdout, &w.stderr
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd, err)
	}
	return w
}

// outcomes waits for the run and gives what each scenario observed.
func (w *world) outcomes(t *testing.T) map[string]outcome {
	t.Helper()
	if err := w.cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", w.cmd, err, w.stderr.String())
	}
	if w.stderr.Len() > 0 {
		t.Errorf("%s wrote to standard error:\n%s", w.cmd, w.stderr.String())
	}
	all := map[string]outcome{}
	for line := range strings.Lines(w.stdout.String()) {
		var o outcome
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatalf("read outcome %q: %v", line, err)
		}
		all[o.Name] = o
	}
	return all
}

func compareWorlds(t *testing.T, want, got outcome) {
	t.Helper()
	if want.Exit != 0 {
		t.Errorf("over TCP the scenario ended with %d:\n%s", want.Exit, want.Stderr)
	}
	if got.Exit != 0 {
		t.Errorf("over IPPROTO_TLS the scenario ended with %d:\n%s", got.Exit, got.Stderr)
	}
	for i := range max(len(want.Log), len(got.Log)) {
		w, g := want.at(i), got.at(i)
		if w.key() != g.key() {
			t.Errorf("observation %d: (-TCP +IPPROTO_TLS)\n- %s: %s\n+ %s: %s", i, w.key(), w[1], g.key(), g[1])
			return
		}
		compareObservation(t, want.Name, w, g)
	}
}

// at gives an observation, an empty one past the end.
func (o outcome) at(i int) observation {
	if i < len(o.Log) {
		return o.Log[i]
	}
	return observation{json.RawMessage(`"(nothing more)"`), json.RawMessage(`""`)}
}

func compareObservation(t *testing.T, scenario string, want, got observation) {
	t.Helper()
	w, g := string(want[1]), string(got[1])
	d, differs := semanticsDifferences()[scenario+": "+want.key()]
	switch {
	case differs && (w != d.tcp || g != d.tls):
		t.Errorf("%s differs otherwise than listed (-TCP +IPPROTO_TLS)\n- %s, listed %s\n+ %s, listed %s", want.key(), w, d.tcp, g, d.tls)
	case !differs && w != g:
		t.Errorf("%s (-TCP +IPPROTO_TLS)\n- %s\n+ %s", want.key(), w, g)
	}
}

// checkDifferencesUsed fails for a listed difference whose scenario or observation is gone.
func checkDifferencesUsed(t *testing.T, got map[string]outcome) {
	t.Helper()
	for at := range semanticsDifferences() {
		scenario, key, _ := strings.Cut(at, ": ")
		seen := slices.ContainsFunc(got[scenario].Log, func(o observation) bool { return o.key() == key })
		if !seen {
			t.Errorf("the table of differences lists %q, which no scenario observes", at)
		}
	}
}

func sortedKeys(m map[string]outcome) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
