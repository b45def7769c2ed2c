package tests

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// verified is what `ssa verify --json` says.
type verified struct {
	Accepted  bool
	Reason    string
	Judges    []struct{ Judge, Answer, Counts, Reason string }
	Exception string
	Authority string
}

// verify runs the command on the machine.
func (m *policed) verify(t *testing.T, port uint16, more ...string) (v verified) {
	t.Helper()
	words := append([]string{ssaPath(t), "verify", fmt.Sprintf("localhost:%d", port), "--json"}, more...)
	out, status := testutil.Run(t, m.command(words...), "")
	if err := json.Unmarshal([]byte(out), &v); err != nil || v.Accepted != (status == 0) {
		t.Fatalf("status %d, %v:\n%s", status, err, out)
	}
	return v
}

// TestVerifyException: the exception that is proposed lets the server pass, and not another one.
func TestVerifyException(t *testing.T) {
	p := newPKI(t)
	day := 24 * time.Hour
	self := testutil.Leaf{Names: []string{"localhost"}}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.ca.Cert.Raw})
	trusted := fmt.Sprintf("trust_store = %q\n", p.ca.Path)
	for _, tt := range []struct {
		name, policy string
		server       testutil.Certificate
		refused      string
		exception    string
	}{
		{"self-signed", trusted, testutil.SelfSigned(t, self), "self-signed", "sha256 = "},
		{"expired", trusted, p.ca.Issue(t, testutil.Leaf{Names: self.Names, NotBefore: time.Now().Add(-2 * day), NotAfter: time.Now().Add(-day)}), "expired on", "sha256 = "},
		{"wrong name", trusted, p.ca.Issue(t, testutil.Leaf{Names: []string{"other.test"}}), "not for \"localhost\"", "sha256 = "},
		{"unknown authority that is sent", "", p.ca.Issue(t, self), "which is not in", "trust_store = \"/etc/ssa/authorities/localhost.pem\""},
		{"unknown authority that is not sent", "", p.ca.Issue(t, self), "neither in the chain", "sha256 = "},
		{"key smaller than wanted", trusted + "rsa_bits_min = 3072\n", p.ca.Issue(t, testutil.Leaf{Names: self.Names, Key: testutil.RSA}), "at least 3072", "rsa_bits_min = 2048"},
		{"other pin", trusted + "[validation.pins]\nmode = \"hard\"\n" + pinned(otherPin), p.ca.Issue(t, self), "refused by pins", "validation.pins]\nmode = \"soft\""},
	} {
		t.Run(strings.ReplaceAll(tt.name, " ", "_"), func(t *testing.T) {
			args := []string{"-rev"}
			if strings.Contains(tt.exception, "trust_store") {
				args = append(args, "-cert_chain", p.ca.Path)
			}
			port := testutil.OpenSSLServer(t, tt.server, args...).Addr.Port()
			m := police(t, map[string]string{policyFile: tt.policy})
			v := m.verify(t, port, "--app", "/usr/bin/some")
			if v.Accepted || !strings.Contains(v.Reason, tt.refused) || !strings.Contains(v.Exception, tt.exception) {
				t.Fatalf("refused: %s\n%s", v.Reason, v.Exception)
			}
			m.write(t, "ssa/policy.d/exception.toml", v.Exception)
			if (v.Authority == string(root)) != strings.Contains(tt.exception, "trust_store") {
				t.Errorf("the authority to trust:\n%s", v.Authority)
			}
			m.write(t, "ssa/authorities/localhost.pem", v.Authority)
			if v := m.verify(t, port, "--app", "/usr/bin/some"); !v.Accepted {
				t.Errorf("with the exception: %s", v.Reason)
			}
			if v := m.verify(t, port, "--app", "/usr/bin/other"); v.Accepted {
				t.Error("another program is served as well")
			}
			stranger := testutil.OpenSSLServer(t, testutil.SelfSigned(t, self), "-rev").Addr.Port()
			if v := m.verify(t, stranger, "--app", "/usr/bin/some"); v.Accepted {
				t.Error("another server is accepted as well")
			}
		})
	}
}

// TestVerifyNamesJudges: each judge is shown, also those whose answers do not count.
func TestVerifyNamesJudges(t *testing.T) {
	p := newPKI(t)
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	m := police(t, map[string]string{policyFile: fmt.Sprintf("trust_store = %q\n[validation.pins]\nmode = \"soft\"\n", p.ca.Path)})
	v := m.verify(t, port)
	if !v.Accepted || len(v.Judges) != 2 || v.Judges[0].Answer != "valid" || v.Judges[1].Judge != "pins" ||
		v.Judges[1].Answer != "abstain" || v.Judges[1].Counts != "no (soft)" {
		t.Errorf("got %+v", v)
	}
	out, status := testutil.Run(t, m.command(ssaPath(t), "verify", fmt.Sprintf("localhost:%d", port)), "")
	if status != 0 || !strings.Contains(out, pinOf(p.server)) || !strings.Contains(out, "accepted: TLS 1.3") {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// TestTrust: what is added is trusted, and no more once it is removed.
func TestTrust(t *testing.T) {
	p := newPKI(t)
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	m := police(t, nil)
	do := func(want int, words ...string) string {
		t.Helper()
		out, status := testutil.Run(t, m.command(append([]string{ssaPath(t), "trust"}, words...)...), "")
		if status != want {
			t.Fatalf("%v: status %d:\n%s", words, status, out)
		}
		return out
	}
	if v := m.verify(t, port); v.Accepted {
		t.Fatal("accepted before")
	}
	do(125, "add", p.server.Chain) // no authority
	do(125, "add", p.server.Key)
	do(125, "add", p.ca.Path, "--name", "../x")
	do(0, "add", p.ca.Path, "--name", "test")
	do(125, "add", p.ca.Path, "--name", "test")
	if v := m.verify(t, port); !v.Accepted {
		t.Errorf("after it was added: %s", v.Reason)
	}
	if out := do(0, "list"); !strings.Contains(out, "test") || !strings.Contains(out, "CN=interop root") {
		t.Errorf("list:\n%s", out)
	}
	if out := do(0, "diff"); !strings.Contains(out, "+ test") {
		t.Errorf("diff:\n%s", out)
	}
	do(0, "remove", "test")
	do(125, "remove", "test")
	if v := m.verify(t, port); v.Accepted {
		t.Error("accepted after it was removed")
	}
	// What an administrator has added must not be missing silently.
	m.write(t, "ssa/trust.d/broken.pem", "nothing")
	if v := m.verify(t, port); v.Accepted || !strings.Contains(v.Reason, "broken.pem holds no certificate") {
		t.Errorf("with a broken addition: %s", v.Reason)
	}
}

// TestPins: keys of first connections are listed and forgotten.
func TestPins(t *testing.T) {
	p := newPKI(t)
	state := t.TempDir()
	t.Setenv("XDG_STATE_HOME", state)
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	m := police(t, map[string]string{policyFile: "[validation.pins]\nmode = \"hard\"\ntofu = true\n" +
		"[[validation.pins.host]]\npattern = \"a.example\"\nsha256 = \"" + otherPin + "\"\n"})
	m.driver(t).attempt(p, port, "", "")
	pins := func(want int, words ...string) string {
		t.Helper()
		words = append(append([]string{ssaPath(t), "pins"}, words...), "--state-dir", filepath.Join(state, "ssa"))
		out, status := testutil.Run(t, m.command(words...), "")
		if status != want {
			t.Fatalf("%v: status %d:\n%s", words, status, out)
		}
		return out
	}
	out := pins(0, "list")
	for _, want := range []string{"a.example", "/etc/ssa/policy.toml:4", fmt.Sprintf("localhost:%d", port), pinOf(p.server), "first connection on"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in:\n%s", want, out)
		}
	}
	pins(125, "forget")
	pins(125, "forget", "b.example")
	pins(0, "forget", "localhost")
	if out := pins(0, "list"); strings.Contains(out, "localhost") {
		t.Errorf("after it was forgotten:\n%s", out)
	}
}
