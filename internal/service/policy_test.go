package service_test

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// policyOf gives a policy by its text.
func policyOf(t *testing.T, text string) func() *policy.Policy {
	t.Helper()
	r := config.Parse(config.Options{Caps: engine.Caps(), Now: time.Now()}, "p.toml", []byte(text))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return func() *policy.Policy { return r.Policy }
}

// TestPolicySeesTheProgram checks that each thing that is known of a program can choose its profile.
func TestPolicySeesTheProgram(t *testing.T) {
	s := newService(t, service.Config{Policy: policyOf(t, `
[profile.exe]
match = { exe = "/usr/bin/x" }
session_cache.ttl = "1s"
[profile.unit]
match = { unit = "x.service" }
session_cache.ttl = "2s"
[profile.container]
match = { container = "abc*" }
session_cache.ttl = "3s"
[profile.user]
match = { user = 7 }
session_cache.ttl = "4s"
[profile.script]
match = { script = "/srv/x.py" }
session_cache.ttl = "5s"
`)})
	tests := []struct {
		name string
		app  socket.App
		want int
	}{
		{"ok exe", socket.App{Exe: "/usr/bin/x"}, 1},
		{"ok unit", socket.App{Exe: "/usr/bin/y", Unit: "x.service"}, 2},
		{"ok container", socket.App{Exe: "/usr/bin/y", Container: "abcdef"}, 3},
		{"ok user", socket.App{Exe: "/usr/bin/y", UID: 7}, 4},
		{"ok script", socket.App{Exe: "/usr/bin/y", Script: "/srv/x.py"}, 5},
		{"ok nothing", socket.App{Exe: "/usr/bin/y"}, 3600},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if e, err := s.Admit(within(t), tt.app, abi.Request{}); err != nil || e.SessionTTL != tt.want {
				t.Errorf("got %d, %v, want %d", e.SessionTTL, err, tt.want)
			}
		})
	}
}

// TestPolicyIsLive checks that a new policy is in force for the next socket.
func TestPolicyIsLive(t *testing.T) {
	now := policyOf(t, "versions = [\"TLS1.2\"]")()
	s := newService(t, service.Config{Policy: func() *policy.Policy { return now }})
	for _, want := range []uint16{abi.VersionTLS12, abi.VersionTLS13} {
		if e, err := s.Admit(within(t), app("x"), abi.Request{}); err != nil || e.VersionMax != want {
			t.Errorf("got %#x, %v, want %#x", e.VersionMax, err, want)
		}
		now = policyOf(t, "versions = [\"TLS1.3\"]")()
	}
}

func TestGrantedFiles(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	c := ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}})
	both := c.Chain + ".both"
	if err := os.WriteFile(both, append(append([]byte{}, c.ChainPEM...), c.KeyPEM...), 0o600); err != nil {
		t.Fatal(err)
	}
	refusing := func(string) (*os.File, error) { return nil, errors.New("not the administrator's") }
	const profile = "[profile.p]\nmatch = { exe = \"/usr/bin/x\" }\nkeys = \"/**\"\n"
	tests := []struct {
		name   string
		policy string
		open   func(string) (*os.File, error)
		c      abi.Credential
		kind   abi.Kind
		text   string
	}{
		{"ok key", profile, nil, abi.Credential{Chain: c.ChainPEM, KeyPath: c.Key}, 0, ""},
		{"ok chain and key", profile, nil, abi.Credential{ChainPath: c.Chain, KeyPath: c.Key}, 0, ""},
		{"ok both in one", profile, nil, abi.Credential{ChainPath: both}, 0, ""},
		{"bad no profile", "", nil, abi.Credential{Chain: c.ChainPEM, KeyPath: c.Key}, abi.Forbidden, "no profile grants the file to /usr/bin/x"},
		{"bad detour", "[profile.p]\nmatch = { exe = \"/usr/bin/x\" }\nkeys = \"/etc/ssl/*/*\"\n", nil,
			abi.Credential{Chain: c.ChainPEM, KeyPath: "/etc/ssl/a/b/../../../.." + c.Key}, abi.Forbidden, "no profile grants"},
		{"bad file of others", profile, refusing, abi.Credential{Chain: c.ChainPEM, KeyPath: c.Key}, abi.Forbidden, "not the administrator's"},
		{"bad not PEM", profile, nil, abi.Credential{Chain: c.ChainPEM, KeyPath: os.DevNull}, abi.Invalid, "TLS_PRIVATE_KEY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, service.Config{Policy: policyOf(t, tt.policy), Open: tt.open})
			f, addr := listening(t)
			l, err := s.Listen(within(t), socket.Listen{
				App: app("x"), Request: abi.Request{Credentials: []abi.Credential{tt.c}}, Network: f, Local: addr, Backlog: 1,
			})
			if tt.text != "" {
				check(t, err, tt.kind, tt.text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_ = l.Close()
		})
	}
}

// TestPolicyFilesGoWrong checks that a file the policy names and nobody can use refuses the sockets that need it.
func TestPolicyFilesGoWrong(t *testing.T) {
	s := newService(t, service.Config{Policy: policyOf(t, "trust_store = \"/dev/null\"\n")})
	_, err := s.Admit(within(t), app("x"), abi.Request{})
	check(t, err, abi.Rejected, "read the trust store of p.toml:1: the trust store /dev/null (p.toml:1) holds no certificate")

	s = newService(t, service.Config{Policy: policyOf(t, "[[certificate]]\nchain = \"/nowhere\"\nkey = \"/nowhere\"\n")})
	if _, err := s.Admit(within(t), app("x"), abi.Request{}); err != nil {
		t.Errorf("a client is refused for a listener's certificate: %v", err)
	}
	f, addr := listening(t)
	_, err = s.Listen(within(t), socket.Listen{App: app("x"), Network: f, Local: addr, Backlog: 1})
	check(t, err, abi.Forbidden, "read the certificate of p.toml:1: open /nowhere: no such file or directory")
}

// TestTrustStoreIsReadAgain checks that a trust store is read again once its file has been replaced, and only then.
func TestTrustStoreIsReadAgain(t *testing.T) {
	file := testutil.NewCA(t, "root").Path
	s := newService(t, service.Config{Policy: policyOf(t, "trust_store = \""+file+"\"\n")})
	for range 2 {
		if _, err := s.Admit(within(t), app("x"), abi.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file+".new", []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	_, err := s.Admit(within(t), app("x"), abi.Request{})
	check(t, err, abi.Rejected, "holds no certificate")
}
