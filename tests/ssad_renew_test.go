package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// Certificates and keys that the policy names are replaced while a connection is established: by renaming, as editors do,
// and by turning a link round, as certbot does. New connections meet the new certificate, the old one goes on, and what
// is not good leaves in use what was there, which the log says.
func TestSsadCertificatesReplaced(t *testing.T) {
	p := newPKI(t)
	issue := func(name string) testutil.Certificate {
		return p.ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, CommonName: name})
	}
	first, second, third := issue("first"), issue("second"), issue("third")
	m := emptyMachine(t)
	live := filepath.Join(m.dir, "live")
	put(t, live, map[string][]byte{"chain.pem": first.ChainPEM, "key.pem": first.KeyPEM, "ocsp.der": p.ca.Respond(t, first, ocsp.Response{})})
	m.etc = police(t, map[string]string{policyFile: fmt.Sprintf(
		"[[certificate]]\nchain = %q\nkey = %q\nocsp = %q\n", live+"/chain.pem", live+"/key.pem", live+"/ocsp.der")})
	m.start()
	d := m.driver(t)
	d.must("socket", "l")
	d.must("bind", "l", "127.0.0.1", 0)
	d.must("listen", "l", 5)
	port := fmt.Sprint(d.must("name", "l", "getsockname").Port)
	old := testutil.OpenSSLClient(t, port, "-status")
	d.must("accept", "l", "old")
	old.WaitOutput(`CN = first(?s:.*)OCSP Response Status: successful|OCSP Response Status: successful(?s:.*)CN = first`)

	meets := func(name string, stapled bool) {
		t.Helper()
		if !eventually(func() bool {
			c := testutil.OpenSSLClient(t, port, "-status")
			d.must("accept", "l", "s")
			defer d.must("close", "s")
			c.WaitOutput(`(?m)^Verify return code|Verification`)
			c.Kill()
			return strings.Contains(c.Output(), "CN = "+name+"\nissuer=") &&
				strings.Contains(c.Output(), "OCSP Response Status: successful") == stapled
		}) {
			t.Errorf("new connections do not meet the certificate %q, stapled: %v", name, stapled)
		}
	}
	put(t, live, map[string][]byte{"key.pem": second.KeyPEM})
	m.daemon.WaitOutput(`a replaced certificate or key is not used, the old one stays in use.*chain.pem`)
	meets("first", true)
	put(t, live, map[string][]byte{"chain.pem": second.ChainPEM})
	m.daemon.WaitOutput(`a stapled response is not used.*ocsp.der`) // it is the one of the first
	meets("second", false)
	put(t, live, map[string][]byte{"ocsp.der": p.ca.Respond(t, second, ocsp.Response{})})
	meets("second", true)

	next := filepath.Join(m.dir, "next")
	put(t, next, map[string][]byte{"chain.pem": third.ChainPEM, "key.pem": third.KeyPEM, "ocsp.der": []byte("none")})
	turn(t, live, next)
	meets("third", false)
	put(t, next, map[string][]byte{"chain.pem": []byte("-----BEGIN CERTIFICATE-----\n")})
	m.daemon.WaitOutput(`(?s)a replaced certificate or key is not used.*a replaced certificate or key is not used`)
	meets("third", false)

	d.must("write", "old", "still here\n")
	old.WaitOutput("still here")
}

// put replaces files of a directory, each at once, for every user to read.
func put(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".new", text, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

// turn makes a path lead to another directory.
func turn(t *testing.T, path, to string) {
	t.Helper()
	for _, step := range []error{os.Symlink(to, path+".new"), os.Rename(path, path+".old"), os.Rename(path+".new", path)} {
		if step != nil {
			t.Fatal(step)
		}
	}
}
