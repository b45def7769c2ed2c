package tests

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
)

// effectsOfRevocation are the keys that say how revocations become known.
func effectsOfRevocation() map[policy.Key]func(*testing.T, pki) {
	return map[policy.Key]func(*testing.T, pki){
		policy.KeyRevocationStapled: effectOfStapled,
		policy.KeyRevocationOCSP:    effectOfOCSP,
		policy.KeyRevocationCRL:     effectOfCRL,
		policy.KeyRevocationLists:   effectOfListFiles,
		policy.KeyRevocationSet:     effectOfCRLSet,
		policy.KeyRevocationAge:     effectOfAge,
		policy.KeyFetchAllow:        effectOfFetchAllow,
		policy.KeyFetchPorts:        effectOfFetchPorts,
		policy.KeyFetchProxy:        effectOfFetchProxy,
	}
}

// revocable is a server's certificate with a responder and a host for lists.
type revocable struct {
	root, leaf       *ca.Entity
	store            string
	responder, lists *ca.Server
}

func newRevocable(t *testing.T, edits ...ca.Edit) revocable {
	t.Helper()
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	r := revocable{root: ca.Root(t, "root"), responder: ca.NewServer(t, http.NotFound), lists: ca.NewServer(t, http.NotFound)}
	r.responder.Serve(r.root.Answers(t))
	r.lists.Serve(ca.Document(r.root.CRLOf(t, nil)))
	r.leaf = r.root.Issue(t, append([]ca.Edit{
		ca.Subject("localhost"), ca.Hosts("localhost"), ca.RespondersAt(r.responder.URL), ca.ListsAt(r.lists.URL),
	}, edits...)...)
	r.store = ca.Files(t, r.root).Chain
	return r
}

// serve starts a server that staples, unless there is nothing to staple.
func (r revocable) serve(t *testing.T, staple []byte) uint16 {
	t.Helper()
	args := []string{"-rev"}
	if staple != nil {
		path := filepath.Join(t.TempDir(), "response")
		if err := os.WriteFile(path, staple, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-status_file", path)
	}
	return testutil.OpenSSLServer(t, ca.Files(t, r.leaf), args...).Addr.Port()
}

// policy is one under which the judge is asked, and its servers may be.
func (r revocable) policy(keys string) string {
	return fmt.Sprintf("[validation.fetch]\nallow = [\"127.0.0.1\"]\nports = [%d, %d]\n[validation.revocation]\nmode = \"hard\"\nabstain_is = \"invalid\"\n%s\n",
		r.responder.Port, r.lists.Port, keys)
}

// sources is a policy with these sources alone.
func (r revocable) sources(stapled, ocsp, crl bool) string {
	return r.policy(fmt.Sprintf("stapled = %v\nocsp = %v\ncrl = %v", stapled, ocsp, crl))
}

// connects connects and talks; with an errno it must be refused, for a reason.
func (r revocable) connects(d *driver, port uint16, errno, reason string) {
	d.t.Helper()
	d.must("socket", "r")
	defer d.must("close", "r")
	d.must("set", "r", abi.TLSTrustedPeerCertificates, r.store)
	if errno != "" {
		d.refuse(errno, reason, "connect", "r", "localhost", port)
		return
	}
	d.must("connect", "r", "localhost", port)
	d.talk("r")
}

// effectOfRevocation has the judge give each of its answers under each rule.
func effectOfRevocation(t *testing.T, _ pki) {
	r, silent := newRevocable(t), newRevocable(t, ca.RespondersAt(), ca.ListsAt())
	ports := map[string]uint16{
		"valid":   r.serve(t, r.root.Response(t, r.leaf.Certificate)),
		"invalid": r.serve(t, r.root.Response(t, r.leaf.Certificate, ca.Revoked(1))),
		"abstain": silent.serve(t, nil),
		"error":   r.serve(t, r.root.Response(t, r.leaf.Certificate, ca.Stale)),
	}
	const strict, lenient = "abstain_is = \"invalid\"\n", "abstain_is = \"valid\"\nerror_is = \"valid\"\n"
	// The errno of each answer that refuses a connection.
	for rule, refused := range map[string]map[string]string{
		"mode = \"off\"\n" + strict:               {},
		"mode = \"soft\"\n" + strict:              {},
		"mode = \"hard\"\n":                       {"invalid": "EKEYREVOKED", "error": "EKEYREJECTED"},
		"mode = \"hard\"\n" + strict:              {"invalid": "EKEYREVOKED", "abstain": "EKEYREJECTED", "error": "EKEYREJECTED"},
		"mode = \"hard\"\n" + lenient:             {"invalid": "EKEYREVOKED"},
		"mode = \"hard\"\ngroup = \"congress\"\n": {"invalid": "EKEYREVOKED", "abstain": "EKEYREJECTED", "error": "EKEYREJECTED"},
	} {
		d := withPolicy(t, "[validation.revocation]\nocsp = false\ncrl = false\n%s", rule)
		for word, port := range ports {
			of := r
			if word == "abstain" {
				of = silent
			}
			of.connects(d, port, refused[word], "revocation: "+word)
		}
	}
}

// TestProgramChecksRevocation: a program turns on what the policy leaves off, never off what it turns on.
func TestProgramChecksRevocation(t *testing.T) {
	r := newRevocable(t)
	r.responder.Serve(r.root.Answers(t, ca.Revoked(1)))
	port := r.serve(t, nil)
	text := strings.Replace(r.sources(true, false, false), `mode = "hard"`, `mode = "off"`, 1)
	open := withPolicy(t, "%s", strings.Replace(text, `abstain_is = "invalid"`, "", 1))
	for _, tt := range []struct {
		option abi.Option
		errno  string
	}{{0, ""}, {abi.TLSRevocationChecks, ""}, {abi.TLSOCSPChecks, "EKEYREVOKED"}} {
		open.must("socket", "p")
		open.must("set", "p", abi.TLSTrustedPeerCertificates, r.store)
		if tt.option != 0 {
			open.must("set", "p", tt.option, 1)
		}
		if tt.errno == "" {
			open.must("connect", "p", "localhost", port)
		} else {
			open.refuse(tt.errno, "keyCompromise", "connect", "p", "localhost", port)
		}
		open.must("close", "p")
	}
	closed := withPolicy(t, "%s", r.sources(true, true, false))
	closed.must("socket", "p")
	closed.refuse("EPERM", "demands it", "set", "p", abi.TLSOCSPChecks, 0)
	closed.must("close", "p")
}

func effectOfStapled(t *testing.T, _ pki) {
	r := newRevocable(t)
	good, bad := r.serve(t, r.root.Response(t, r.leaf.Certificate)), r.serve(t, r.root.Response(t, r.leaf.Certificate, ca.Revoked(1)))
	on := withPolicy(t, "%s", r.sources(true, false, false))
	r.connects(on, good, "", "")
	r.connects(on, bad, "EKEYREVOKED", "keyCompromise")
	r.connects(on, r.serve(t, nil), "EKEYREJECTED", "nothing is known")
	r.connects(on, r.serve(t, r.root.Response(t, r.leaf.Certificate, ca.Stale)), "EKEYREJECTED", "out of date")
	off := withPolicy(t, "%s", r.sources(false, false, false))
	r.connects(off, good, "EKEYREJECTED", "nothing is known")
	r.connects(off, bad, "EKEYREJECTED", "nothing is known")
	// Neither is anybody asked of whom nothing was said.
	if n := r.responder.Asked() + r.lists.Asked(); n != 0 {
		t.Errorf("asked %d times", n)
	}
	must := newRevocable(t, ca.MustStaple)
	d := withPolicy(t, "%s", must.sources(true, true, false))
	must.connects(d, must.serve(t, must.root.Response(t, must.leaf.Certificate)), "", "")
	must.connects(d, must.serve(t, nil), "EKEYREJECTED", "demands that the server staples")
}

func effectOfOCSP(t *testing.T, _ pki) {
	r := newRevocable(t)
	port := r.serve(t, nil)
	d := withPolicy(t, "%s", r.sources(true, true, false))
	r.connects(d, port, "", "")
	r.connects(d, port, "", "")
	if n := r.responder.Asked(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	bad := newRevocable(t)
	bad.responder.Serve(bad.root.Answers(t, ca.Revoked(4)))
	bad.connects(withPolicy(t, "%s", bad.sources(false, true, false)), bad.serve(t, nil), "EKEYREVOKED", "superseded")
	dead := newRevocable(t)
	dead.responder.Serve(ca.Silent(nil))
	dead.connects(withPolicy(t, "%s\ntimeout = \"50ms\"\n", dead.sources(false, true, false)), dead.serve(t, nil), "EKEYREJECTED", "no answer")
}

func effectOfCRL(t *testing.T, _ pki) {
	r := newRevocable(t)
	port := r.serve(t, nil)
	r.connects(withPolicy(t, "%s", r.sources(false, false, true)), port, "", "")
	bad := newRevocable(t)
	bad.lists.Serve(ca.Document(bad.root.CRLOf(t, ca.Plain(bad.leaf))))
	port = bad.serve(t, nil)
	bad.connects(withPolicy(t, "%s", bad.sources(false, false, false)), port, "EKEYREJECTED", "nothing is known")
	bad.connects(withPolicy(t, "%s", bad.sources(false, false, true)), port, "EKEYREVOKED", "revoked")
}

// withFile starts a driver on a machine with a policy and a file that it names.
func withFile(t *testing.T, text string, file []byte) *driver {
	t.Helper()
	return police(t, map[string]string{policyFile: text, "ssa/file": string(file)}).driver(t)
}

func effectOfListFiles(t *testing.T, _ pki) {
	r := newRevocable(t)
	port := r.serve(t, r.root.Response(t, r.leaf.Certificate))
	text := r.policy(`crl_files = ["/etc/ssa/file"]`)
	r.connects(withFile(t, text, r.root.CRLOf(t, nil)), port, "", "")
	r.connects(withFile(t, text, r.root.CRLOf(t, ca.Plain(r.leaf))), port, "EKEYREVOKED", "/etc/ssa/file")
	broken(t, text, "the list is malformed")
}

// broken has `ssa policy check` refuse a policy whose file is none.
func broken(t *testing.T, text, reason string) {
	t.Helper()
	m := police(t, map[string]string{policyFile: text, "ssa/file": "no file of that kind"})
	out, err := m.command(ssaPath(t), "policy", "check").CombinedOutput()
	if err == nil || !strings.Contains(string(out), reason) {
		t.Errorf("checked: %v\n%s", err, out)
	}
}

func effectOfCRLSet(t *testing.T, _ pki) {
	r := newRevocable(t)
	port := r.serve(t, r.root.Response(t, r.leaf.Certificate))
	text := r.policy(`crlset = "/etc/ssa/file"`)
	set := func(serials ...*big.Int) []byte {
		return ca.CRLSet(t, nil, map[*x509.Certificate][]*big.Int{r.root.Certificate: serials})
	}
	r.connects(withFile(t, text, set(big.NewInt(1))), port, "", "")
	r.connects(withFile(t, text, set(r.leaf.SerialNumber)), port, "EKEYREVOKED", "the CRLSet says")
	broken(t, text, "the CRLSet ends too early")
}

func effectOfAge(t *testing.T, _ pki) {
	r := newRevocable(t)
	port := r.serve(t, r.root.Response(t, r.leaf.Certificate)) // made an hour ago
	const stapled = "ocsp = false\ncrl = false\n"
	r.connects(withPolicy(t, "%s", r.policy(stapled+`max_age = "90m"`)), port, "", "")
	r.connects(withPolicy(t, "%s", r.policy(stapled+`max_age = "30m"`)), port, "EKEYREJECTED", "longer ago than 30m")
}

// fetches connects with nothing but the responder to ask, under the keys of the table fetch.
func (r revocable) fetches(t *testing.T, fetch, errno, reason string) {
	t.Helper()
	d := withPolicy(t, "[validation.fetch]\n%s\n[validation.revocation]\nmode = \"hard\"\ncrl = false\n", fetch)
	r.connects(d, r.serve(t, nil), errno, reason)
}

func effectOfFetchAllow(t *testing.T, _ pki) {
	r := newRevocable(t)
	ports := fmt.Sprintf("ports = [%d]\n", r.responder.Port)
	r.fetches(t, ports, "EKEYREJECTED", "127.0.0.1 is not an address of the Internet")
	r.fetches(t, ports+`allow = ["127.0.0.2"]`, "EKEYREJECTED", "127.0.0.1 is not an address of the Internet")
	if r.responder.Asked() != 0 {
		t.Error("the responder was reached")
	}
	r.fetches(t, ports+`allow = ["127.0.0.0/8"]`, "", "")
}

func effectOfFetchPorts(t *testing.T, _ pki) {
	r := newRevocable(t)
	const allow = "allow = [\"127.0.0.0/8\"]\n"
	r.fetches(t, allow, "EKEYREJECTED", "the policy does not allow its port")
	r.fetches(t, fmt.Sprintf("%sports = %d", allow, r.responder.Port), "", "")
}

func effectOfFetchProxy(t *testing.T, _ pki) {
	r := newRevocable(t, ca.RespondersAt("http://ocsp.example/"))
	r.fetches(t, fmt.Sprintf("proxy = %q", strings.TrimSuffix(r.responder.URL, "/")), "", "")
	if r.responder.Asked() != 1 {
		t.Error("the proxy was not asked")
	}
}

// TestRevokedWhileConnected: a revocation that becomes known closes the connections to the peer, and no session with it
// is resumed.
func TestRevokedWhileConnected(t *testing.T) {
	for name, driver := range map[string]func(*testing.T, *policed) *driver{
		"embedded": func(t *testing.T, etc *policed) *driver { return etc.driver(t) },
		"ssad": func(t *testing.T, etc *policed) *driver {
			m := emptyMachine(t)
			m.etc = etc
			m.start()
			return m.driver(t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRevocable(t)
			staple := r.root.Response(t, r.leaf.Certificate)
			busy, port := r.serve(t, staple), r.serve(t, staple) // each serves one at a time
			etc := police(t, map[string]string{
				policyFile: r.policy(`crl_files = ["/etc/ssa/file"]`), "ssa/file": string(r.root.CRLOf(t, nil)),
			})
			d := driver(t, etc)
			d.must("socket", "live")
			d.must("set", "live", abi.TLSTrustedPeerCertificates, r.store)
			d.must("connect", "live", "localhost", busy)
			d.talk("live")
			r.connects(d, port, "", "")
			etc.write(t, "ssa/file", string(r.root.CRLOf(t, ca.Plain(r.leaf))))
			d.lost("live")
			r.connects(d, port, "EKEYREVOKED", "/etc/ssa/file")
			d.must("close", "live")
		})
	}
}

// lost waits for the end of a connection that is closed because the peer's certificate has been revoked.
func (d *driver) lost(name string) {
	d.t.Helper()
	if got := d.must("readable", name, testutil.Patience.Seconds()).Value; got != "01" {
		d.t.Fatal("the connection lives on")
	}
	d.refuse("ECONNRESET", "has been revoked since", "read", name, 1)
}

// TestRevocationCommands: an administrator sees what is known of revocations, and has it fetched again, which closes a
// connection to a peer that has been revoked.
func TestRevocationCommands(t *testing.T) {
	r := newRevocable(t)
	g := govern(t, map[string]string{policyFile: r.policy("ocsp = false")})
	busy := r.serve(t, nil)
	d := g.driver()
	d.must("socket", "live")
	d.must("set", "live", abi.TLSTrustedPeerCertificates, r.store)
	d.must("connect", "live", "localhost", busy)
	var known api.Revocations
	g.decode(&known, "revocation", "status")
	if len(known.Sources) != 1 || known.Sources[0].Source != r.lists.URL || known.Sources[0].Says != "0 revoked" || known.Sources[0].Problem != "" {
		t.Errorf("known: %+v", known)
	}
	r.lists.Serve(ca.Document(r.root.CRLOf(t, ca.Plain(r.leaf))))
	g.says(0, []string{"revocation", "update"}, `(?m)^crl +`+regexp.QuoteMeta(r.lists.URL)+` .* 1 revoked `)
	d.lost("live")
	d.must("close", "live")
	g.says(0, []string{"audit"}, "has been revoked since the connection was established")
	r.lists.Serve(http.NotFound)
	g.says(0, []string{"revocation", "update"}, "404 Not Found", "1 revoked")
	if out, status := g.asNobody("nogroup", "revocation", "status"); status == 0 || !strings.Contains(out, "permission denied") {
		t.Errorf("nobody is told: %d\n%s", status, out)
	}
	for _, role := range []string{"judges", "network"} {
		g.role(role) // both live on
	}
}
