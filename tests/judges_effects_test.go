package tests

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// effectsOfSources are the keys that say where judges get what they know from, and the rules of those judges.
func effectsOfSources() map[policy.Key]func(*testing.T, pki) {
	return map[policy.Key]func(*testing.T, pki){
		policy.KeyDANE:           effectOfDANE,
		policy.KeyResolver:       effectOfResolver,
		policy.KeyResolverPins:   effectOfResolverPins,
		policy.KeyTransparency:   effectOfTransparency,
		policy.KeyLogList:        effectOfLogList,
		policy.KeyTimestamps:     effectOfTimestamps,
		policy.KeyLogOperators:   effectOfLogOperators,
		policy.KeyNotaries:       effectOfNotaries,
		policy.KeyNotaryList:     effectOfNotaryList,
		policy.KeyAgree:          effectOfAgree,
		policy.KeyNotariesInside: effectOfNotariesInside,
		policy.KeyPlugins:        effectOfPlugins,
	}
}

// judged connects to localhost and closes; with a reason the connection must be refused for it.
func (d *driver) judged(p pki, port uint16, reason string) {
	d.t.Helper()
	d.must("socket", "j")
	d.must("set", "j", abi.TLSTrustedPeerCertificates, p.ca.Path)
	if reason == "" {
		d.must("connect", "j", "localhost", port)
	} else {
		d.refuse("EKEYREJECTED", reason, "connect", "j", "localhost", port)
	}
	d.must("close", "j")
}

func pin(sum [sha256.Size]byte) string { return base64.StdEncoding.EncodeToString(sum[:]) }

// zone is a resolver and the question for a server's records.
type zone struct {
	*testutil.DNSServer
	question string
}

func newZone(t *testing.T, port uint16) zone {
	return zone{testutil.NewDNSServer(t), fmt.Sprintf("TLSA _%d._tcp.localhost.", port)}
}

// record is a DANE-EE record for the key, which nobody may remember.
func (z zone) record(c testutil.Certificate) string {
	return fmt.Sprintf("%s 0 IN TLSA 3 1 1 %x", strings.TrimPrefix(z.question, "TLSA "), sha256.Sum256(c.X509.RawSubjectPublicKeyInfo))
}

func effectOfDANE(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	z := newZone(t, s.Addr.Port())
	answers := map[string]testutil.DNSAnswer{
		"valid":   {Records: []string{z.record(p.server)}},
		"invalid": {Records: []string{z.record(p.client)}},
		"abstain": {Records: []string{z.record(p.client)}, Unsigned: true},
		"error":   {Code: dns.RcodeServerFailure},
	}
	for rule, refused := range map[string]map[string]string{
		`mode = "hard"`: {"invalid": "vouches for the server", "error": "SERVFAIL"},
		`mode = "soft"`: {},
		"mode = \"hard\"\nabstain_is = \"invalid\"\nerror_is = \"valid\"": {"invalid": "vouches", "abstain": "not signed"},
	} {
		d := withPolicy(t, "[validation.dane]\n%s\nresolver = %q\n", rule, z.Addr)
		for word, answer := range answers {
			z.Set(z.question, answer)
			d.judged(p, s.Addr.Port(), refused[word])
		}
	}
}

// TestDANEAlone: where the policy has standard validation and DANE vote, a record for the key is enough for a certificate
// that no CA has signed, and a record for another key is not (RFC 7671, section 5.1).
func TestDANEAlone(t *testing.T) {
	p := newPKI(t)
	own := testutil.SelfSigned(t, testutil.Leaf{Names: []string{"another.name"}})
	port := testutil.OpenSSLServer(t, own, "-rev").Addr.Port()
	z := newZone(t, port)
	d := withPolicy(t, "allow_weaker = { reason = \"DANE\", expires = 2099-12-31 }\n[validation]\nthreshold = 0.5\n"+
		"[validation.standard]\ngroup = \"congress\"\n[validation.dane]\nmode = \"hard\"\ngroup = \"congress\"\nresolver = %q\n", z.Addr)
	z.Set(z.question, testutil.DNSAnswer{Records: []string{z.record(own)}})
	d.judged(p, port, "")
	z.Set(z.question, testutil.DNSAnswer{Records: []string{z.record(p.server)}})
	d.judged(p, port, "vouches for the server")
	z.Set(z.question, testutil.DNSAnswer{})
	d.judged(p, port, "self-signed")
}

// effectOfResolver: who is named is asked, and nobody else.
func effectOfResolver(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	one, two := newZone(t, s.Addr.Port()), newZone(t, s.Addr.Port())
	one.Set(one.question, testutil.DNSAnswer{Records: []string{one.record(p.client)}})
	two.Set(two.question, testutil.DNSAnswer{Records: []string{two.record(p.server)}})
	withPolicy(t, "[validation.dane]\nmode = \"hard\"\nresolver = %q\n", one.Addr).judged(p, s.Addr.Port(), "dane")
	asked := len(one.Asked())
	withPolicy(t, "[validation.dane]\nmode = \"hard\"\nresolver = %q\n", two.Addr).judged(p, s.Addr.Port(), "")
	if asked == 0 || len(one.Asked()) != asked || !slices.Contains(two.Asked(), "udp "+two.question) {
		t.Errorf("asked %q and %q", one.Asked(), two.Asked())
	}
}

// inTLS is the address of a listener that does TLS for a server that does not, one connection after the other.
func inTLS(t *testing.T, c testutil.Certificate, server string) string {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l, _, err := engine.Listener(plain, c.ChainPEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			relay(near, server)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return plain.Addr().String()
}

// relay copies until the near end is closed.
func relay(near net.Conn, server string) {
	defer func() { _ = near.Close() }()
	far, err := net.Dial("tcp", server)
	if err != nil {
		return
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(near, far) // ends with either
	}()
	_, _ = io.Copy(far, near)
	_ = far.Close()
	<-back
}

// effectOfResolverPins: with a key the resolver is asked by TLS, and one with another key is not believed.
func effectOfResolverPins(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	z := newZone(t, s.Addr.Port())
	z.Set(z.question, testutil.DNSAnswer{Records: []string{z.record(p.server)}})
	front := inTLS(t, p.client, z.Addr)
	for key, reason := range map[string]string{pin(engine.PinOf(p.client.X509)): "", pin(engine.PinOf(p.server.X509)): "another key than it should"} {
		d := withPolicy(t, "[validation.dane]\nmode = \"hard\"\nresolver = %q\nresolver_sha256 = %q\n", front, key)
		d.judged(p, s.Addr.Port(), reason)
	}
	for _, q := range z.Asked() {
		if !strings.HasPrefix(q, "tcp ") {
			t.Errorf("asked %q", q)
		}
	}
}

const logList = "ssa/log_list.json"

// logged is a server whose certificate two logs of one operator vouch for, and those logs.
func logged(t *testing.T, p pki) (port uint16, logs []*testutil.CTLog) {
	t.Helper()
	logs = []*testutil.CTLog{testutil.NewCTLog(t, "a", "operator"), testutil.NewCTLog(t, "b", "operator")}
	return testutil.OpenSSLServer(t, p.ca.IssueLogged(t, testutil.Leaf{Names: []string{"localhost"}}, logs...), "-rev").Addr.Port(), logs
}

func withLogs(t *testing.T, list []byte, rules string) *driver {
	t.Helper()
	return police(t, map[string]string{logList: string(list),
		policyFile: "[validation.transparency]\nlog_list = \"/etc/ssa/log_list.json\"\n" + rules}).driver(t)
}

func effectOfTransparency(t *testing.T, p pki) {
	port, logs := logged(t, p)
	unlogged := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	list := testutil.CTLogList(t, time.Now(), logs...)
	d := withLogs(t, list, "mode = \"hard\"\noperators = 1\n")
	d.judged(p, port, "")
	d.judged(p, unlogged, "0 of 0 timestamps count")
	withLogs(t, list, "mode = \"soft\"\noperators = 1\n").judged(p, unlogged, "")
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		beside := testutil.OpenSSLServer(t, p.server, "-rev", version, "-serverinfo", serverInfo(t, p.server, logs...)).Addr.Port()
		d.judged(p, beside, "")
	}
	old := withLogs(t, testutil.CTLogList(t, time.Now().AddDate(0, 0, -71), logs...), "mode = \"hard\"\noperators = 1\n")
	old.judged(p, port, "")
	old.judged(p, unlogged, "too old")
}

// serverInfo is the path of a file by which OpenSSL sends timestamps of logs in the handshake, in both versions of TLS.
func serverInfo(t *testing.T, c testutil.Certificate, logs ...*testutil.CTLog) string {
	t.Helper()
	var scts [][]byte
	for _, l := range logs {
		scts = append(scts, l.Certificate(t, c.X509))
	}
	const (
		inBoth = 0x80 | 0x100 | 0x1000 // SSL_EXT_CLIENT_HELLO, _TLS1_2_SERVER_HELLO, _TLS1_3_CERTIFICATE
		sct    = 18                    // signed_certificate_timestamp (RFC 6962, section 3.3.1)
	)
	list := testutil.SCTList(scts...)
	info := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint32(nil, inBoth), sct)
	info = append(binary.BigEndian.AppendUint16(info, uint16(len(list))), list...)
	path := filepath.Join(t.TempDir(), "serverinfo.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "SERVERINFOV2 FOR SCT", Bytes: info}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func effectOfLogList(t *testing.T, p pki) {
	port, logs := logged(t, p)
	d := withLogs(t, testutil.CTLogList(t, time.Now(), logs[0], testutil.NewCTLog(t, "c", "other")), "mode = \"hard\"\noperators = 1\n")
	d.judged(p, port, "not in the list")
	broken := police(t, map[string]string{logList: "{}", policyFile: "[validation.transparency]\nmode = \"hard\"\nlog_list = \"/etc/ssa/log_list.json\"\n"})
	out, err := broken.run(t, "true").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "/etc/ssa/log_list.json: a log list without logs") {
		t.Errorf("with a broken list: %v\n%s", err, out)
	}
}

func effectOfTimestamps(t *testing.T, p pki) {
	port, logs := logged(t, p)
	list := testutil.CTLogList(t, time.Now(), logs...)
	for n, reason := range map[int]string{2: "", 3: "3 of at least 1 operators are needed"} {
		withLogs(t, list, fmt.Sprintf("mode = \"hard\"\noperators = 1\nscts = %d\n", n)).judged(p, port, reason)
	}
}

func effectOfLogOperators(t *testing.T, p pki) {
	port, logs := logged(t, p)
	list := testutil.CTLogList(t, time.Now(), logs...)
	for n, reason := range map[int]string{1: "", 2: "of logs of 1 operators"} {
		withLogs(t, list, fmt.Sprintf("mode = \"hard\"\noperators = %d\n", n)).judged(p, port, reason)
	}
}

// notarized is a policy with notaries.
func notarized(rules string, notaries ...*testutil.Notary) string {
	text := "[validation.notaries]\n" + rules
	for i, n := range notaries {
		text += fmt.Sprintf("[[validation.notaries.notary]]\nname = \"notary-%d\"\naddress = %q\nsha256 = %q\n", i, n.Address, pin(n.Pin))
	}
	return text
}

func effectOfNotaries(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	for _, row := range []struct {
		says                  testutil.NotaryAnswer
		hard, strict, lenient string
	}{
		{testutil.NotaryAnswer{Seen: p.server.X509}, "", "", ""},
		{testutil.NotaryAnswer{Seen: p.client.X509}, "sees another key", "sees another key", "sees another key"},
		{testutil.NotaryAnswer{}, "", "does not see the server", ""},
		{testutil.NotaryAnswer{Status: 500}, "status 500", "status 500", ""},
	} {
		n := testutil.NewNotary(t, row.says)
		for rule, reason := range map[string]string{
			"mode = \"hard\"\n": row.hard, "mode = \"hard\"\nabstain_is = \"invalid\"\n": row.strict, "mode = \"hard\"\nerror_is = \"valid\"\n": row.lenient,
			"mode = \"soft\"\n": "",
		} {
			withPolicy(t, "%s", notarized(rule+"inside = true\n", n)).judged(p, port, reason)
		}
	}
}

// effectOfNotaryList: a notary that has another key than the list says is not believed.
func effectOfNotaryList(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	n := testutil.NewNotary(t, testutil.NotaryAnswer{Seen: p.server.X509})
	stranger := &testutil.Notary{Address: n.Address}
	withPolicy(t, "%s", notarized("mode = \"hard\"\ninside = true\n", n)).judged(p, port, "")
	withPolicy(t, "%s", notarized("mode = \"hard\"\ninside = true\n", stranger)).judged(p, port, "another key than it should")
}

func effectOfAgree(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	agrees, differs := testutil.NewNotary(t, testutil.NotaryAnswer{Seen: p.server.X509}), testutil.NewNotary(t, testutil.NotaryAnswer{Seen: p.client.X509})
	for n, reason := range map[int]string{1: "", 2: "2 must"} {
		withPolicy(t, "%s", notarized(fmt.Sprintf("mode = \"hard\"\ninside = true\nagree = %d\n", n), agrees, differs)).judged(p, port, reason)
	}
}

func effectOfNotariesInside(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	n := testutil.NewNotary(t, testutil.NotaryAnswer{Seen: p.client.X509})
	withPolicy(t, "%s", notarized("mode = \"hard\"\n", n)).judged(p, port, "")
	if asked := n.Asked(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
	withPolicy(t, "%s", notarized("mode = \"hard\"\ninside = true\n", n)).judged(p, port, "sees another key")
}

// plugged is a policy with the plugin of the examples, and its list.
func plugged(t *testing.T, list, rules string) *policed {
	t.Helper()
	text, err := os.ReadFile("../examples/plugins/python/allow_list.py")
	if err != nil {
		t.Fatal(err)
	}
	m := police(t, map[string]string{"ssa/allow-list": list, "ssa/allow_list.py": string(text),
		policyFile: "[[validation.plugin]]\nname = \"allow-list\"\npath = \"/etc/ssa/allow_list.py\"\nargs = [\"/etc/ssa/allow-list\"]\n" +
			"timeout = \"20s\"\n" + rules})
	if err := os.Chmod(filepath.Join(m.upper, "ssa/allow_list.py"), 0o755); err != nil {
		t.Fatal(err)
	}
	return m
}

func effectOfPlugins(t *testing.T, p pki) {
	port := testutil.OpenSSLServer(t, p.server, "-rev").Addr.Port()
	for _, row := range []struct{ name, list, hard, strict, lenient string }{
		{"valid", fmt.Sprintf("localhost %x\n", sha256.Sum256(p.server.X509.Raw)), "", "", ""},
		{"invalid", fmt.Sprintf("localhost %x\n", sha256.Sum256(p.client.X509.Raw)), "not in the list for the host", "not in the list", "not in the list"},
		{"abstain", "", "", "the host is not in the list", ""},
		{"error", "three words here\n", "the plugin", "the plugin", ""},
	} {
		for rule, reason := range map[string]string{
			"mode = \"hard\"\n": row.hard, "mode = \"hard\"\nabstain_is = \"invalid\"\n": row.strict, "mode = \"hard\"\nerror_is = \"valid\"\n": row.lenient,
			"mode = \"soft\"\n": "", "mode = \"off\"\n": "",
		} {
			t.Run(row.name, func(t *testing.T) { plugged(t, row.list, rule).driver(t).judged(p, port, reason) })
		}
	}
}
