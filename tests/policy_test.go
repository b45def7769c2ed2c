// The administrator's policy, with its effect on real connections. Each test has an /etc of its own: the machine's,
// with the files of the test over it, in a mount namespace.
package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// policed is a machine with an administrator's policy.
type policed struct {
	upper, work string
	// log is what the TLS service has to say.
	log string
}

// police makes a machine with files below /etc, by their paths there.
func police(t *testing.T, files map[string]string) *policed {
	t.Helper()
	testutil.Require(t, testutil.Root(), testutil.Program("unshare"))
	dir := t.TempDir()
	m := &policed{upper: filepath.Join(dir, "upper"), work: filepath.Join(dir, "work"), log: filepath.Join(dir, "log")}
	for _, d := range []string{m.upper, m.work} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		m.write(t, name, text)
	}
	return m
}

// write puts a file below /etc.
func (m *policed) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(m.upper, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// command runs a command on the machine.
func (m *policed) command(words ...string) *exec.Cmd {
	script := fmt.Sprintf("mount -t overlay overlay -o lowerdir=/etc,upperdir=%s,workdir=%s /etc && exec \"$@\"", m.upper, m.work)
	return exec.Command("unshare", append([]string{"-m", "sh", "-c", script, "sh"}, words...)...)
}

// run is a command that runs words under `ssa run` on the machine.
func (m *policed) run(t *testing.T, words ...string) *exec.Cmd {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify())
	return m.command(append([]string{ssaPath(t), "run", "--log", m.log, "--"}, words...)...)
}

// driver starts a driver on the machine; before are words that run it, such as another user.
func (m *policed) driver(t *testing.T, before ...string) *driver {
	t.Helper()
	return drive(t, m.run(t, append(before, testutil.Python(t), "-B", "programs/python/sockdrv.py")...))
}

// logged is the log so far.
func (m *policed) logged(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(m.log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const policyFile = "ssa/policy.toml"

// withPolicy starts a driver on a machine with a policy of one file.
func withPolicy(t *testing.T, format string, args ...any) *driver {
	t.Helper()
	return police(t, map[string]string{policyFile: fmt.Sprintf(format, args...)}).driver(t)
}

// refuse makes a call that must fail, with an errno and a reason.
func (d *driver) refuse(errno, reason string, words ...any) {
	d.t.Helper()
	r := d.call(words...)
	text := d.tlsError(words)
	if r.Errno != errno || !strings.Contains(text, reason) {
		d.t.Errorf("%v: got %q, want %s; TLS_ERROR %q, want %q", words, r.Errno, errno, text, reason)
	}
}

// TestBrokenPolicyStopsRun checks that nothing runs under a policy that is wrong in any part.
func TestBrokenPolicyStopsRun(t *testing.T) {
	tests := []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"ok", "rsa_bits_min = 3072\n", 0o644, "ran"},
		{"bad key", "rsa_bit_min = 3072\n", 0o644, "/etc/ssa/policy.toml:1:1: unknown key \"rsa_bit_min\" in the global settings; did you mean \"rsa_bits_min\"?"},
		{"bad mode", "rsa_bits_min = 3072\n", 0o666, "others than root can change it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := police(t, map[string]string{policyFile: tt.text})
			if err := os.Chmod(filepath.Join(m.upper, policyFile), tt.mode); err != nil {
				t.Fatal(err)
			}
			out, status := testutil.Run(t, m.run(t, "echo", "ran"), "")
			if !strings.Contains(out, tt.want) || (status == 0) != (tt.want == "ran") || tt.want != "ran" && strings.Contains(out, "ran\n") {
				t.Errorf("status %d, output:\n%s\nwant %q", status, out, tt.want)
			}
		})
	}
}
