package service_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// replace puts a certificate where another was, as tools that renew them do.
func replace(t *testing.T, dir string, parts map[string][]byte) {
	t.Helper()
	for name, text := range parts {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".new", text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCertificatesAreRenewed replaces the files of a listener: established connections go on, new ones meet the new
// certificate, and a replacement that is not good leaves the old one in use and is said once.
func TestCertificatesAreRenewed(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	first := ca.Issue(t, testutil.Leaf{Names: []string{"a.example", "first.example"}})
	second := ca.Issue(t, testutil.Leaf{Names: []string{"a.example", "second.example"}})
	dir := t.TempDir()
	replace(t, dir, map[string][]byte{"chain": first.ChainPEM, "key": first.KeyPEM})
	var log bytes.Buffer
	kept := newRecords()
	s := newService(t, service.Config{
		Logger: slog.New(slog.NewTextHandler(&log, nil)), Record: kept.keep,
		Policy: policyOf(t, fmt.Sprintf("[[certificate]]\nchain = %q\nkey = %q\n", dir+"/chain", dir+"/key")),
	})
	l, addr := serve(t, s, abi.Request{}, 8)
	meet := func(name string) (client, server socket.Conn) {
		t.Helper()
		c, err := dial(t, s, abi.Request{RemoteHostname: name, TrustAnchors: pem(t, ca.Path)}, addr)
		if err != nil {
			t.Fatalf("connect to %s: %v", name, err)
		}
		return c, accept(t, l)
	}
	a, b := meet("first.example")
	x, y := start(t, a), start(t, b)

	replace(t, dir, map[string][]byte{"chain": second.ChainPEM})
	for range 3 {
		s.Renew()
	}
	meet("first.example")
	if n := strings.Count(log.String(), "the old one stays in use"); n != 1 {
		t.Errorf("a certificate without its key was mentioned %d times:\n%s", n, log.String())
	}
	replace(t, dir, map[string][]byte{"key": second.KeyPEM})
	s.Renew()
	meet("second.example")
	if r := kept.find(t, of(api.Certificate, api.Refused, "")); !strings.Contains(r.Text, dir+"/chain") || r.Failure == nil {
		t.Errorf("the certificate that was not used: %+v", r)
	}
	if r := kept.find(t, of(api.Certificate, api.Allowed, api.Server)); r.Local != addr.String() {
		t.Errorf("the certificate that was: %+v", r)
	}
	if err := os.Remove(dir + "/key"); err != nil {
		t.Fatal(err)
	}
	s.Renew()
	meet("second.example")
	exchange(t, x, y, "established before")
	if n := strings.Count(log.String(), "the old one stays in use"); n != 2 {
		t.Errorf("a key that is gone was not mentioned:\n%s", log.String())
	}
}

// TestListenersObeyANewPolicy checks that a listener the policy now forbids accepts nothing new, keeps what it has, and
// comes back with a policy that allows it.
func TestListenersObeyANewPolicy(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	open, strict := policyOf(t, "")(), policyOf(t, "versions = [\"TLS1.3\"]")()
	now := open
	s := newService(t, service.Config{Policy: func() *policy.Policy { return now }})
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}, VersionMax: abi.VersionTLS12}, 8)
	client := abi.Request{RemoteHostname: "a.example", TrustAnchors: pem(t, ca.Path)}
	c, err := dial(t, s, client, addr)
	if err != nil {
		t.Fatal(err)
	}
	x, y := start(t, c), start(t, accept(t, l))
	now = strict
	if n := s.Refresh(); n != 1 {
		t.Errorf("%d listeners are refused, want 1", n)
	}
	if _, err := dial(t, s, client, addr); err == nil {
		t.Error("a listener that the policy forbids accepts")
	}
	exchange(t, x, y, "established before")
	now = open
	if n := s.Refresh(); n != 0 {
		t.Errorf("%d listeners are refused, want none", n)
	}
	if _, err := dial(t, s, client, addr); err != nil {
		t.Errorf("a listener that is allowed again: %v", err)
	}
}
