package tests

import (
	"fmt"
	"io"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// effects are the keys of the policy, each with a test that shows its effect on a real connection.
func effects() map[policy.Key]func(*testing.T, pki) {
	return map[policy.Key]func(*testing.T, pki){
		policy.KeyVersions:                   effectOfVersions,
		policy.KeyCipherSuites:               effectOfCipherSuites,
		policy.KeyGroups:                     effectOfGroups,
		policy.KeyALPN:                       effectOfALPN,
		policy.KeySNI:                        effectOfSNI,
		policy.KeySessionTickets:             effectOfTickets,
		policy.KeySessionTTL:                 effectOfTTL,
		policy.KeySessionTTLMax:              effectOfTTLMax,
		policy.KeySessionCacheSize:           effectOfCacheSize,
		policy.KeySessionCacheLocation:       effectOfCacheLocation,
		policy.KeyTrustStore:                 effectOfTrustStore,
		policy.KeyHonorApplicationValidation: effectOfHonor,
		policy.KeyRSABitsMin:                 effectOfRSABits,
		policy.KeyClientCertificates:         effectOfClientCertificates,
		policy.KeyHandshakeTimeout:           effectOfHandshakeTimeout,
		policy.KeyHandshakesInFlight:         effectOfHandshakesInFlight,
		policy.KeySockets:                    effectOfSockets,
		policy.KeyCertificates:               effectOfCertificates,
		policy.KeyKeys:                       effectOfKeys,
		policy.KeyWrap:                       effectOfWrap,
		policy.KeyWrapListen:                 effectOfWrapListen,
		policy.KeyCoerce:                     effectOfCoerce,
	}
}

func TestEveryKeyHasAnEffect(t *testing.T) {
	p := newPKI(t)
	all := effects()
	maps.Copy(all, effectsOfSources())
	maps.Copy(all, judgeEffects())
	maps.Copy(all, effectsOfRevocation())
	for _, k := range policy.Keys() {
		t.Run(k.String(), func(t *testing.T) {
			if all[k] == nil {
				t.Fatal("there is no test of this key")
			}
			all[k](t, p)
		})
	}
}

// open connects a new socket to localhost; the program's own trust anchors are the test's authority.
func (d *driver) open(name string, p pki, port uint16) {
	d.t.Helper()
	d.must("socket", name)
	d.must("set", name, abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.must("connect", name, "localhost", port)
}

// talk has a server with -rev answer a line, after which the client has the session.
func (d *driver) talk(name string) {
	d.t.Helper()
	d.must("write", name, "abc\n")
	if got := d.must("read", name, 100).bytes(); string(got) != "cba\n" {
		d.t.Errorf("answer: got %q", got)
	}
}

// resumed connects, exchanges a line, closes, and says whether the session was resumed.
func (d *driver) resumed(p pki, port uint16) bool {
	d.t.Helper()
	d.open("r", p, port)
	defer d.must("close", "r")
	d.talk("r")
	return d.must("get", "r", abi.TLSResumedSession, 4).number() == 1
}

func effectOfVersions(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	d := withPolicy(t, "# one version\nversions = [\"TLS1.2\"]\n")
	d.open("s", p, s.Addr.Port())
	if got := d.must("get", "s", abi.TLSChosenVersion, 4).number(); got != abi.VersionTLS12 {
		t.Errorf("version: got %#x", got)
	}
	d.must("socket", "t")
	d.refuse("EPERM", "TLS_VERSION_MIN: TLS 1.1 is below TLS 1.2, the lowest version /etc/ssa/policy.toml:2 allows",
		"set", "t", abi.TLSVersionMin, abi.VersionTLS11)
	d.refuse("EPERM", "/etc/ssa/policy.toml:2", "set", "t", abi.TLSVersionMax, abi.VersionTLS13)
}

func effectOfCipherSuites(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	d := withPolicy(t, "versions = [\"TLS1.2\"]\ncipher_suites = [\"ECDHE-ECDSA-CHACHA20-POLY1305\"]\n")
	d.open("s", p, s.Addr.Port())
	if got := d.must("get", "s", abi.TLSChosenCipher, 100).text(); got != "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256" {
		t.Errorf("cipher suite: got %s", got)
	}
	d.must("socket", "t")
	d.refuse("EPERM", "/etc/ssa/policy.toml:2 does not allow ECDHE-ECDSA-AES128-GCM-SHA256", "set", "t", abi.TLSTrustedCiphers,
		"ECDHE-ECDSA-AES128-GCM-SHA256")
}

func effectOfGroups(t *testing.T, p pki) {
	d := withPolicy(t, "groups = [\"secp384r1\"]\n")
	c := testutil.OpenSSLClient(t, fmt.Sprint(listen(d, "l", p)), "-CAfile", p.ca.Path)
	d.must("accept", "l", "s")
	c.WaitOutput(`Server Temp Key: ECDH, secp384r1`)
	other := testutil.OpenSSLClient(t, fmt.Sprint(listen(d, "m", p)), "-groups", "X25519")
	other.WaitOutput("handshake failure")
}

func effectOfALPN(t *testing.T, _ pki) {
	d := withPolicy(t, "[extensions]\nalpn = false\n")
	d.must("socket", "s")
	d.refuse("EPERM", "TLS_ALPN: /etc/ssa/policy.toml:2 turns the extension off", "set", "s", abi.TLSALPN, "h2")
}

func effectOfSNI(t *testing.T, p pki) {
	sent := func(policy string) bool {
		s := testutil.OpenSSLServer(t, p.server, "-rev", "-tlsextdebug")
		d := withPolicy(t, "%s", policy)
		d.open("s", p, s.Addr.Port())
		d.talk("s")
		s.WaitOutput(`TLS client extension "supported versions"`)
		return strings.Contains(s.Output(), `TLS client extension "server name"`)
	}
	if !sent("") || sent("[extensions]\nsni = false\n") {
		t.Error("the name is not sent, or is although the policy turns it off")
	}
	second := p.ca.Issue(t, testutil.Leaf{Names: []string{"second.test"}})
	d := withPolicy(t, "[extensions]\nsni = false\n")
	d.must("socket", "l")
	for _, c := range []testutil.Certificate{p.server, second} {
		d.must("set", "l", abi.TLSCertificateChain, c.Chain)
		d.must("set", "l", abi.TLSPrivateKey, c.Key)
	}
	d.must("bind", "l", "127.0.0.1", 0)
	d.must("listen", "l", 5)
	c := testutil.OpenSSLClient(t, fmt.Sprint(d.must("name", "l", "getsockname").Port), "-servername", "second.test")
	c.WaitOutput("subject=O = Secure Socket API tests, CN = localhost")
}

func effectOfTickets(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	with, without := withPolicy(t, ""), withPolicy(t, "[extensions]\nsession_tickets = false\n")
	if with.resumed(p, s.Addr.Port()) || !with.resumed(p, s.Addr.Port()) {
		t.Error("with tickets the second session is not resumed, or the first is")
	}
	for range 2 {
		if without.resumed(p, s.Addr.Port()) {
			t.Error("a session is resumed without tickets")
		}
	}
	without.must("socket", "t")
	without.refuse("EPERM", "/etc/ssa/policy.toml:2", "set", "t", abi.TLSSessionReuse, 1)
}

func effectOfTTL(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	d := withPolicy(t, "[session_cache]\nttl = \"77s\"\n")
	if d.resumed(p, s.Addr.Port()) || !d.resumed(p, s.Addr.Port()) {
		t.Error("the second session is not resumed, or the first is")
	}
	d.must("socket", "t")
	if got := d.must("get", "t", abi.TLSSessionTTL, 4).number(); got != 77 {
		t.Errorf("TLS_SESSION_TTL: got %d", got)
	}
	off := withPolicy(t, "[session_cache]\nttl = \"0s\"\n")
	for range 2 {
		if off.resumed(p, s.Addr.Port()) {
			t.Error("a session is resumed whose life is 0")
		}
	}
}

func effectOfTTLMax(t *testing.T, _ pki) {
	d := withPolicy(t, "[session_cache]\nttl = \"30s\"\nmax_ttl = \"1m\"\n")
	d.must("socket", "s")
	d.must("set", "s", abi.TLSSessionTTL, 60)
	d.refuse("EPERM", "61 seconds is more than the 60 that /etc/ssa/policy.toml:3 allows", "set", "s", abi.TLSSessionTTL, 61)
}

func effectOfCacheSize(t *testing.T, p pki) {
	one, two := testutil.OpenSSLServer(t, p.server, "-rev"), testutil.OpenSSLServer(t, p.server, "-rev")
	for size, want := range map[int]bool{1: false, 2: true} {
		d := withPolicy(t, "[session_cache]\nsize = %d\n", size)
		d.resumed(p, one.Addr.Port())
		d.resumed(p, two.Addr.Port())
		if got := d.resumed(p, one.Addr.Port()); got != want {
			t.Errorf("with room for %d sessions: resumed %v", size, got)
		}
	}
}

func effectOfTrustStore(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	d := withPolicy(t, "trust_store = %q\n", p.ca.Path)
	d.must("socket", "s")
	d.must("connect", "s", "localhost", s.Addr.Port())
	d.must("close", "s")
	other := withPolicy(t, "trust_store = %q\n", testutil.NewCA(t, "somebody else").Path)
	other.must("socket", "s")
	other.refuse("EKEYREJECTED", "/etc/ssa/policy.toml:1", "connect", "s", "localhost", s.Addr.Port())
}

func effectOfHonor(t *testing.T, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev")
	other := testutil.NewCA(t, "somebody else")
	d := withPolicy(t, "trust_store = %q\n", other.Path)
	d.open("s", p, s.Addr.Port())
	d.must("close", "s")
	d = withPolicy(t, "trust_store = %q\nhonor_application_validation = false\n", other.Path)
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.refuse("EKEYREJECTED", "/etc/ssa/policy.toml:1", "connect", "s", "localhost", s.Addr.Port())

	d = withPolicy(t, "trust_store = %q\nhonor_application_validation = false\n", p.ca.Path)
	d.open("s", p, s.Addr.Port())
	d.must("close", "s")
	d.must("socket", "t")
	d.must("set", "t", abi.TLSTrustedPeerCertificates, other.Path)
	d.refuse("EKEYREJECTED", "TLS_TRUSTED_PEER_CERTIFICATES", "connect", "t", "localhost", s.Addr.Port())
}

func effectOfRSABits(t *testing.T, p pki) {
	weak := p.ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, Key: testutil.RSA})
	s := testutil.OpenSSLServer(t, weak, "-rev")
	d := withPolicy(t, "")
	d.open("s", p, s.Addr.Port())
	d.must("close", "s")
	d = withPolicy(t, "rsa_bits_min = 3072\n")
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.refuse("EKEYREJECTED", "at least 3072", "connect", "s", "localhost", s.Addr.Port())
	d.must("socket", "l")
	d.refuse("EPERM", "/etc/ssa/policy.toml:1 demands at least 3072", "set", "l", abi.TLSCertificateChain, weak.Chain)
}

func effectOfClientCertificates(t *testing.T, p pki) {
	d := withPolicy(t, "client_certificates = \"require\"\n")
	port := fmt.Sprint(listen(d, "l", p))
	testutil.OpenSSLClient(t, port, "-tls1_2").WaitOutput("alert")
	testutil.OpenSSLClient(t, port, testutil.OpenSSLCertificate(p.client)...)
	d.must("accept", "l", "s")
	if got := d.must("get", "s", abi.TLSPeerIdentity, 1000).text(); !strings.Contains(got, "the client") {
		t.Errorf("peer: %q", got)
	}
	d.must("socket", "m")
	d.refuse("EPERM", "/etc/ssa/policy.toml:1", "set", "m", abi.TLSRequestPeerAuth, abi.PeerAuthRequest)
}

func effectOfHandshakeTimeout(t *testing.T, _ pki) {
	d := withPolicy(t, "[limits]\nhandshake_timeout = \"200ms\"\n")
	d.must("socket", "s")
	start := time.Now()
	d.refuse("ETIMEDOUT", "within 200ms", "connect", "s", "127.0.0.1", testutil.AddrPort(testutil.Listen(t)).Port())
	if took := time.Since(start); took < 200*time.Millisecond || took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

func effectOfHandshakesInFlight(t *testing.T, p pki) {
	d := withPolicy(t, "[limits]\nhandshakes_in_flight = 1\n")
	addr := fmt.Sprintf("127.0.0.1:%d", listen(d, "l", p))
	first, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = first.Close() }()
	second, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = second.Close() }()
	_ = first.SetReadDeadline(time.Now().Add(testutil.Patience))
	if _, err := io.ReadAll(first); err != nil && strings.Contains(err.Error(), "timeout") {
		t.Errorf("the oldest handshake still waits: %v", err)
	}
}

func effectOfSockets(t *testing.T, _ pki) {
	d := withPolicy(t, "[limits]\nsockets = 2\n")
	d.must("socket", "a")
	d.must("socket", "b")
	if r := d.call("socket", "c"); r.Errno != "EMFILE" {
		t.Errorf("the third socket: got %q", r.Errno)
	}
}

func effectOfCertificates(t *testing.T, p pki) {
	second := p.ca.Issue(t, testutil.Leaf{Names: []string{"second.test"}})
	d := withPolicy(t, "[[certificate]]\nchain = %q\nkey = %q\n[[certificate]]\nchain = %q\nkey = %q\n", p.server.Chain, p.server.Key,
		second.Chain, second.Key)
	bare := func(name, hostname string) string {
		d.must("socket", name)
		if hostname != "" {
			d.must("set", name, abi.TLSHostname, hostname)
		}
		d.must("bind", name, "127.0.0.1", 0)
		d.must("listen", name, 5)
		return fmt.Sprint(d.must("name", name, "getsockname").Port)
	}
	port := bare("l", "")
	testutil.OpenSSLClient(t, port, "-CAfile", p.ca.Path, "-servername", "localhost").WaitOutput("Verify return code: 0")
	testutil.OpenSSLClient(t, port, "-servername", "second.test").WaitOutput("CN = second.test")
	testutil.OpenSSLClient(t, bare("m", "second.test"), "-servername", "other.test").WaitOutput("CN = second.test")

	// In a destination a certificate is the client's.
	s := testutil.OpenSSLServer(t, p.server, "-rev", "-Verify", "1", "-CAfile", p.ca.Path)
	d = withPolicy(t, "[profile.all]\nmatch = { exe = \"/**\" }\n[[profile.all.destination]]\nhost = \"localhost\"\n"+
		"[[profile.all.destination.certificate]]\nchain = %q\nkey = %q\n", p.client.Chain, p.client.Key)
	d.open("s", p, s.Addr.Port())
	d.talk("s")
	s.WaitOutput("CN = the client")
}

// effectOfKeys checks that a program may use a key it cannot read, where its profile names the key, and only there.
func effectOfKeys(t *testing.T, p pki) {
	as := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	const profile = "[profile.web]\nmatch = { user = 65534 }\nkeys = [%q]\n"
	granted := police(t, map[string]string{policyFile: fmt.Sprintf(profile, filepath.Dir(p.server.Key)+"/*.pem")}).driver(t, as...)
	c := testutil.OpenSSLClient(t, fmt.Sprint(listenAs(granted, p)), "-CAfile", p.ca.Path, "-servername", "localhost")
	granted.must("accept", "l", "s")
	c.WaitOutput("Verify return code: 0")

	d := police(t, map[string]string{policyFile: fmt.Sprintf(profile, "/etc/ssl/private/*.pem")}).driver(t, as...)
	d.must("socket", "l")
	d.refuse("EACCES", "no profile grants the file to", "set", "l", abi.TLSCertificateChain, p.server.Chain)
	d.refuse("EACCES", "", "set", "l", abi.TLSTrustedPeerCertificates, p.ca.Path)
}

func listenAs(d *driver, p pki) int {
	d.must("socket", "l")
	d.must("set", "l", abi.TLSCertificateChain, p.server.Chain)
	d.must("set", "l", abi.TLSPrivateKey, p.server.Key)
	d.must("bind", "l", "127.0.0.1", 0)
	d.must("listen", "l", 5)
	return d.must("name", "l", "getsockname").Port
}
