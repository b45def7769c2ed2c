package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

const keptSessions = "[session_cache]\nlocation = \"DIR/state/sessions\"\n"

// effectOfCacheLocation checks that sessions of clients, and tickets that servers gave, are good after the daemon was
// killed and started again where the policy has a place for them, and not otherwise.
func effectOfCacheLocation(t *testing.T, p pki) {
	for policy, want := range map[string]bool{keptSessions: true, "[session_cache]\nlocation = \"memory\"\n": false} {
		m := newMachineWith(t, policy)
		d := m.driver(t)
		server := testutil.OpenSSLServer(t, p.server, "-rev")
		listener := fmt.Sprint(listen(d, "l", p))
		ticket := filepath.Join(t.TempDir(), "ticket")
		if d.resumed(p, server.Addr.Port()) || d.reused(p, listener, "-sess_out", ticket) {
			t.Fatal("the first session is resumed")
		}
		m.daemon.Kill()
		m.start()
		if got := d.resumed(p, server.Addr.Port()); got != want {
			t.Errorf("after a restart with %q a client resumes: %v, want %v", policy, got, want)
		}
		if got := d.reused(p, listener, "-sess_in", ticket); got != want {
			t.Errorf("after a restart with %q a server resumes: %v, want %v", policy, got, want)
		}
	}
}

// reused has openssl exchange a line with a listener, and says whether it resumed a session.
func (d *driver) reused(p pki, port string, args ...string) bool {
	d.t.Helper()
	c := testutil.OpenSSLClient(d.t, port, append([]string{"-CAfile", p.ca.Path, "-servername", "localhost"}, args...)...)
	d.must("accept", "l", "r")
	defer d.must("close", "r")
	first := c.WaitOutput(`(?m)^(New|Reused), TLSv1.3`)[1]
	d.must("write", "r", "hello, it is done\n")
	c.WaitOutput("it is done")
	c.Send("Q\n")
	c.Wait()
	return first == "Reused"
}

// Files that are not what the daemon kept there are not used, and go.
func TestSsadSessionsTampered(t *testing.T) {
	p := newPKI(t)
	m := newMachineWith(t, keptSessions)
	d := m.driver(t)
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	d.resumed(p, s.Addr.Port())
	m.daemon.Kill()
	kept, err := filepath.Glob(filepath.Join(m.dir, "state/sessions/clients/*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v, %v", kept, err)
	}
	text, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-1] ^= 1
	foreign := filepath.Join(filepath.Dir(kept[0]), "foreign")
	for path, content := range map[string][]byte{kept[0]: text, foreign: []byte("x")} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil { // or it has ended
			t.Fatal(err)
		}
	}
	m.start()
	if d.resumed(p, s.Addr.Port()) {
		t.Error("a session from a file that was changed is resumed")
	}
	m.daemon.WaitOutput("a file is not what was kept there")
	if _, err := os.Stat(foreign); err == nil {
		t.Error("a foreign file is still there")
	}
	if !d.resumed(p, s.Addr.Port()) {
		t.Error("the session that took its place is not resumed")
	}
	for path, mode := range map[string]os.FileMode{"state/session.key": 0o600, "state/sessions/clients": 0o700} {
		if info, err := os.Stat(filepath.Join(m.dir, path)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

// Where sessions cannot be kept the daemon says so and does not start; that of before serves on.
func TestSsadSessionsNowhere(t *testing.T) {
	m := newMachineWith(t, "")
	d := m.driver(t)
	m.etc.write(t, policyFile, "[session_cache]\nlocation = \"/proc/none\"\n")
	m.role("").signal(t, linux.SIGUSR2)
	m.daemon.WaitOutput(`what serves goes on.*session_cache.location = .*/proc/none.*make a directory`)
	d.must("socket", "s")
	if got := d.must("get", "s", abi.TLSVersionMax, 4).number(); got != abi.VersionTLS13 {
		t.Errorf("version: %#x", got)
	}
}
