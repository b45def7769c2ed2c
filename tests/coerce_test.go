// Programs that do TLS by OpenSSL themselves, brought under the policy. They are Debian's own binaries. The policy allows
// less than they and their peers do by themselves, TLS 1.2 alone, so that a connection that was made past it shows.
package tests

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// buildShim builds the libraries beside the program under test and gives the one for OpenSSL.
var buildShim = sync.OnceValue(func() built {
	return build("libssa-openssl.so", nil, "make", "--no-print-directory", "shim", "SHIMDIR="+workshop())
})

// coercing is a machine whose policy coerces.
type coercing struct {
	*policed
	t     *testing.T
	p     pki
	audit string
	flags []string // of ssa run
}

const oneVersion = "versions = [\"TLS1.2\"]\n"

// coerce makes a machine with a policy.
func coerce(t *testing.T, text string) *coercing {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify(), testutil.Program("gcc"))
	must(t, buildShim())
	c := &coercing{policed: police(t, map[string]string{policyFile: text}), t: t, p: newPKI(t)}
	c.audit = filepath.Join(filepath.Dir(c.log), "audit")
	return c
}

// coerceByFlag makes one whose policy allows one version, and leaves coercion to ssa run --coerce.
func coerceByFlag(t *testing.T) *coercing {
	t.Helper()
	c := coerce(t, oneVersion)
	c.flags = []string{"--coerce"}
	return c
}

// plainDir is a directory that other users can enter.
func plainDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa-coerce")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// stranger is a certificate for another name.
func (c *coercing) stranger() testutil.Certificate {
	c.t.Helper()
	return c.p.ca.Issue(c.t, testutil.Leaf{Names: []string{"other.test"}})
}

// command is one that runs words under the policy, or past it.
func (c *coercing) command(past bool, words ...string) *exec.Cmd {
	c.t.Helper()
	testutil.Require(c.t, testutil.Program(words[0]))
	if past {
		return exec.Command(words[0], words[1:]...)
	}
	run := append([]string{ssaPath(c.t), "run", "--log", c.log, "--audit", c.audit}, c.flags...)
	return c.policed.command(append(append(run, "--"), words...)...)
}

// run runs a client to its end.
func (c *coercing) run(input string, words ...string) (output string, status int) {
	c.t.Helper()
	return testutil.Run(c.t, c.command(false, words...), input)
}

// records are those of connections of an executable, by decision and role.
func (c *coercing) records(d api.Decision, role api.Role, exe string) (all []api.Record) {
	f, err := os.Open(c.audit)
	if err != nil {
		return nil // there is none yet
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		var r api.Record
		if json.Unmarshal(s.Bytes(), &r) == nil && r.Event == api.Connection && r.Decision == d && r.Role == role &&
			strings.HasPrefix(filepath.Base(r.Program.Exe), exe) {
			all = append(all, r)
		}
	}
	return all
}

// governed checks that the records have connections of an executable, all of the policy's version.
func (c *coercing) governed(role api.Role, exe string) {
	c.t.Helper()
	var all []api.Record
	if !eventually(func() bool { all = c.records(api.Allowed, role, exe); return len(all) > 0 }) {
		b, _ := os.ReadFile(c.audit)
		c.t.Fatalf("no connection of %s went through the TLS service; records:\n%s", exe, b)
	}
	for _, r := range all {
		if r.TLS == nil || r.TLS.Version != "TLS 1.2" {
			c.t.Errorf("connection of %s past the policy's version: %+v", exe, r.TLS)
		}
	}
}

// refused checks that the records have a connection that was refused.
func (c *coercing) refused(exe, reason string) {
	c.t.Helper()
	if !eventually(func() bool {
		for _, r := range c.records(api.Refused, api.Client, exe) {
			if r.Failure != nil && strings.Contains(r.Failure.Text, reason) {
				return true
			}
		}
		return false
	}) {
		b, _ := os.ReadFile(c.audit)
		c.t.Errorf("no connection of %s was refused because of %q; records:\n%s", exe, reason, b)
	}
}

// effectOfCoerce has curl fetch a page from a server whose certificate nobody has signed, told not to verify: which works
// past the policy only.
func effectOfCoerce(t *testing.T, p pki) {
	s := testutil.NginxHTTP2(t, p.server)
	curl := func(text string, words ...string) bool {
		c := coerce(t, text)
		out, status := c.run("", append(words, "curl", "-sS", "-k", "https://localhost:"+s.Port()+"/")...)
		if status == 0 != strings.Contains(out, "protocol TLS") {
			t.Errorf("%q: status %d, output:\n%s", text, status, out)
		}
		return status == 0
	}
	profile := "[profile.curl]\nmatch = { exe = \"/usr/bin/curl\" }\ncoerce = %s\n"
	for text, past := range map[string]bool{
		"":                                    true,
		"coerce = true\n":                     false,
		fmt.Sprintf(profile, "true"):          false,
		fmt.Sprintf(profile, `"best-effort"`): false,
		"coerce = true\n" + fmt.Sprintf(profile, "false"): true,
	} {
		if curl(text) != past {
			t.Errorf("%q: curl went past the policy: %v, want %v", text, !past, past)
		}
	}
	// A program that another one starts is coerced by its own profile.
	if curl(fmt.Sprintf(profile, "true"), "env") {
		t.Error("curl started by env went past the policy")
	}
}

// TestCoerceUnserved uses what cannot be served.
func TestCoerceUnserved(t *testing.T) {
	for text, want := range map[string]string{
		"coerce = true\n":            "TLS_COERCE: the program has called SSL_CTX_set_psk_use_session_callback, which cannot be served to a program that /etc/ssa/policy.toml:1 coerces",
		"coerce = \"best-effort\"\n": "protocol TLS",
	} {
		c := coerce(t, text)
		s := testutil.NginxHTTP2(t, c.p.server)
		out, _ := c.run(request, "openssl", "s_client", "-quiet", "-tls1_2", "-psk", "00", "-connect", "localhost:"+s.Port(), "-CAfile", c.p.ca.Path)
		if !strings.Contains(out, want) || strings.Count(out, "ssa: coerce: SSL_CTX_set_psk_use_session_callback cannot be served\n") != 1 {
			t.Errorf("%q: output:\n%s", text, out)
		}
	}
}

// TestCoerceNobodyServes runs the library without a supervisor.
func TestCoerceNobodyServes(t *testing.T) {
	p := newPKI(t)
	s := testutil.NginxHTTP2(t, p.server)
	cmd := exec.Command("curl", "-sS", "--cacert", p.ca.Path, "https://localhost:"+s.Port()+"/")
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+must(t, buildShim()))
	if out, status := testutil.Run(t, cmd, ""); status != 35 || !strings.Contains(out, "the program is coerced but does not run under ssa run") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
}

// TestCoerceThroughDaemon has ssad serve a coerced program and show its connection.
func TestCoerceThroughDaemon(t *testing.T) {
	must(t, buildShim())
	g := govern(t, map[string]string{policyFile: oneVersion + "coerce = true\n"})
	s := testutil.OpenSSLServer(t, g.p.server, "-rev")
	c := testutil.Start(t, exec.Command(ssaPath(t), "run", "--coerce", "--service=require", "--service-socket="+g.socket(), "--",
		"openssl", "s_client", "-quiet", "-connect", "localhost:"+s.Port(), "-CAfile", g.p.ca.Path))
	c.Send("abc\n")
	c.WaitOutput("cba\n")
	g.says(0, []string{"conns"}, `openssl.* TLS ?1\.2`)
	c.CloseInput()
}
