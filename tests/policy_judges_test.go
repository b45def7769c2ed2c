package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
)

// judgeEffects are the keys about the judges of certificates.
func judgeEffects() map[policy.Key]func(*testing.T, pki) {
	return map[policy.Key]func(*testing.T, pki){
		policy.KeyClientTrustStore: effectOfClientTrustStore,
		policy.KeyThreshold:        effectOfThreshold,
		policy.KeyStandard:         effectOfStandard,
		policy.KeyPins:             effectOfPins,
		policy.KeyRevocation:       effectOfRevocation,
		policy.KeyPinnedHosts:      effectOfPinnedHosts,
		policy.KeyTrustOnFirstUse:  effectOfFirstUse,
	}
}

// pinOf is the pin of a certificate's key.
func pinOf(c testutil.Certificate) string {
	sum := sha256.Sum256(c.X509.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// pinned is a policy with one pin for localhost.
func pinned(pin string) string {
	return fmt.Sprintf("[[validation.pins.host]]\npattern = \"localhost\"\nsha256 = %q\n", pin)
}

const otherPin = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// attempt is a connection to localhost by the test's authority, which is refused with an errno and a reason; without an
// errno it is good.
func (d *driver) attempt(p pki, port uint16, errno, reason string) {
	d.t.Helper()
	d.must("socket", "a")
	d.must("set", "a", abi.TLSTrustedPeerCertificates, p.ca.Path)
	if errno == "" {
		d.must("connect", "a", "localhost", port)
		d.talk("a")
	} else {
		d.refuse(errno, reason, "connect", "a", "localhost", port)
	}
	d.must("close", "a")
}

// effectOfClientTrustStore shows that whom servers are believed by is not whom clients are.
func effectOfClientTrustStore(t *testing.T, p pki) {
	others := testutil.NewCA(t, "the clients' authority")
	d := withPolicy(t, "client_certificates = \"require\"\ntrust_store = %q\nclient_trust_store = %q\n", p.ca.Path, others.Path)
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	d.must("socket", "s")
	d.must("connect", "s", "localhost", port)
	at := fmt.Sprint(listenAs(d, p))
	testutil.OpenSSLClient(t, at, append(testutil.OpenSSLCertificate(p.client), "-tls1_2")...).WaitOutput("alert")
	testutil.OpenSSLClient(t, at, testutil.OpenSSLCertificate(others.Issue(t, testutil.Leaf{CommonName: "one of theirs"}))...)
	d.must("accept", "l", "c")
	if got := d.must("get", "c", abi.TLSPeerIdentity, 1000).text(); !strings.Contains(got, "one of theirs") {
		t.Errorf("peer: %q", got)
	}
}

func effectOfThreshold(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	congress := pinned(pinOf(p.server)) + "[validation.pins]\nmode = \"hard\"\ngroup = \"congress\"\n" +
		"[validation.revocation]\nmode = \"hard\"\ngroup = \"congress\"\nabstain_is = \"invalid\"\n"
	withPolicy(t, "[validation]\nthreshold = 0.5\n%s", congress).attempt(p, port, "", "")
	withPolicy(t, "[validation]\nthreshold = 0.6\n%s", congress).attempt(p, port, "EKEYREJECTED",
		"1 of the 2 judges of the congress that vote say valid, and the threshold is 0.6")
}

func effectOfStandard(t *testing.T, p pki) {
	self := testutil.SelfSigned(t, testutil.Leaf{Names: []string{"localhost"}})
	port := testutil.OpenSSLServer(t, self, "-rev").Addr.Port()
	const soft = "allow_weaker = { reason = \"its key is pinned\", expires = 2999-12-31 }\n[validation.standard]\nmode = \"soft\"\n[validation.pins]\nmode = \"hard\"\n"
	withPolicy(t, "%s", soft+pinned(pinOf(self))).attempt(p, port, "", "")
	withPolicy(t, "%s", soft+pinned(otherPin)).attempt(p, port, "EKEYREJECTED", "refused by pins")
	withPolicy(t, "%s", soft).attempt(p, port, "EKEYREJECTED", "no judge knows this peer")
	withPolicy(t, "").attempt(p, port, "EKEYREJECTED", "self-signed")
}

func effectOfPins(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	for _, tt := range []struct{ text, errno string }{
		{"mode = \"off\"", ""}, {"mode = \"soft\"", ""}, {"mode = \"hard\"", "EKEYREJECTED"},
		{"mode = \"hard\"\ngroup = \"congress\"", "EKEYREJECTED"},
	} {
		withPolicy(t, "%s", pinned(otherPin)+"[validation.pins]\n"+tt.text+"\n").attempt(p, port, tt.errno, "pins: invalid")
	}
	// A client is judged too.
	d := withPolicy(t, "client_certificates = \"require\"\ntrust_store = %q\n[validation.pins]\nmode = \"hard\"\n"+
		"[[validation.pins.host]]\npattern = \"127.0.0.1\"\nsha256 = %q\n", p.ca.Path, pinOf(p.client))
	at := fmt.Sprint(listen(d, "l", p))
	other := p.ca.Issue(t, testutil.Leaf{CommonName: "another client"})
	testutil.OpenSSLClient(t, at, append(testutil.OpenSSLCertificate(other), "-tls1_2")...).WaitOutput("alert")
	testutil.OpenSSLClient(t, at, testutil.OpenSSLCertificate(p.client)...)
	d.must("accept", "l", "s")
}

func effectOfPinnedHosts(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	const hard = "[validation.pins]\nmode = \"hard\"\n"
	withPolicy(t, "%s", hard+pinned(pinOf(p.server))).attempt(p, port, "", "")
	withPolicy(t, "%s", hard+pinned(otherPin)).attempt(p, port, "EKEYREJECTED", "the key of its leaf is "+pinOf(p.server))
	backup := strings.Replace(pinned(otherPin), fmt.Sprintf("%q", otherPin), fmt.Sprintf("[%q, %q]", otherPin, pinOf(p.server)), 1)
	withPolicy(t, "%s", hard+backup).attempt(p, port, "", "")
}

func effectOfFirstUse(t *testing.T, p pki) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	const tofu = "[validation.pins]\nmode = \"hard\"\ntofu = true\n"
	server := testutil.OpenSSLServer(t, p.server, "-rev")
	d := withPolicy(t, tofu)
	d.attempt(p, server.Addr.Port(), "", "")
	if d.resumed(p, server.Addr.Port()); !d.resumed(p, server.Addr.Port()) {
		t.Error("the session is not resumed")
	}
	// A resumed session is judged too: another key was kept meanwhile.
	path := os.Getenv("XDG_STATE_HOME") + "/ssa/pins"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), pinOf(p.server), otherPin, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	d.attempt(p, server.Addr.Port(), "EKEYREJECTED", "ssa pins forget localhost")
	// So is another program of the user, by what the first has kept.
	withPolicy(t, tofu).attempt(p, server.Addr.Port(), "EKEYREJECTED", "the key of localhost")
}

// TestServerStapling: a listener that demands a response to staple has one or does not listen.
func TestServerStapling(t *testing.T) {
	root := ca.Root(t, "root")
	leaf := root.Issue(t, ca.Subject("localhost"), ca.Hosts("localhost"))
	files := ca.Files(t, leaf)
	staple := filepath.Join(t.TempDir(), "ocsp.der")
	if err := os.WriteFile(staple, root.Response(t, leaf.Certificate), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := fmt.Sprintf("[[certificate]]\nchain = %q\nkey = %q\n", files.Chain, files.Key)
	for _, tt := range []struct{ name, policy, errno string }{
		{"ok", certificate + fmt.Sprintf("ocsp = %q\n", staple), ""},
		{"bad without one", certificate, "EINVAL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := withPolicy(t, "%s", tt.policy)
			d.must("socket", "l")
			d.must("set", "l", abi.TLSServerOCSPStapling, 1)
			d.must("bind", "l", "127.0.0.1", 0)
			if tt.errno != "" {
				d.refuse(tt.errno, "there is no OCSP response to staple", "listen", "l", 5)
				return
			}
			d.must("listen", "l", 5)
			port := fmt.Sprint(d.must("name", "l", "getsockname").Port)
			testutil.OpenSSLClient(t, port, "-status").WaitOutput("OCSP Response Status: successful")
		})
	}
}
