package tests

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A stage is a socket of a driver in one state of the option table.
type stage struct {
	name  string
	state abi.When
	// prepare brings the socket "s" into the state.
	prepare func(t *testing.T, d *driver, p pki)
	// setErrno is what setsockopt gives for an option that can be set in another state.
	setErrno string
}

func stages() []stage {
	return []stage{
		{"fresh", abi.Fresh, prepareFresh, ""},
		{"bound", abi.Fresh, prepareBound, ""},
		{"connecting", abi.Connecting, prepareConnecting, "EALREADY"},
		{"connected", abi.Connected, prepareConnected, "EISCONN"},
		{"accepted", abi.Connected, prepareAccepted, "EISCONN"},
		{"listening", abi.Listening, prepareListening, "EINVAL"},
		{"refused", abi.Fresh, prepareRefused, ""},
		{"failed", abi.Failed, prepareFailed, "EISCONN"},
	}
}

func prepareFresh(_ *testing.T, d *driver, _ pki) { d.must("socket", "s") }

func prepareBound(_ *testing.T, d *driver, _ pki) {
	d.must("socket", "s")
	d.must("bind", "s", "127.0.0.1", 0)
}

// prepareConnecting connects without waiting to a peer that accepts and never answers.
func prepareConnecting(t *testing.T, d *driver, _ pki) {
	addr := testutil.AddrPort(testutil.Listen(t))
	d.must("socket", "s")
	d.must("nonblock", "s")
	if r := d.call("connect", "s", "127.0.0.1", addr.Port()); r.Errno != "EINPROGRESS" {
		t.Fatalf("non-blocking connect: got %q, want EINPROGRESS", r.Errno)
	}
}

func prepareConnected(t *testing.T, d *driver, p pki) {
	s := testutil.OpenSSLServer(t, p.server, "-rev", "-alpn", "one")
	d.must("socket", "s")
	d.must("set", "s", abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.must("set", "s", abi.TLSALPN, "one")
	d.must("connect", "s", "localhost", s.Addr.Port())
}

func prepareAccepted(t *testing.T, d *driver, p pki) {
	port := listen(d, "l", p)
	args := append([]string{"-CAfile", p.ca.Path, "-servername", "localhost", "-alpn", "one"}, testutil.OpenSSLCertificate(p.client)...)
	c := testutil.OpenSSLClient(t, fmt.Sprint(port), args...)
	d.must("accept", "l", "s")
	c.WaitOutput("Verify return code: 0")
}

func listen(d *driver, name string, p pki) int {
	d.must("socket", name)
	d.must("set", name, abi.TLSCertificateChain, p.server.Chain)
	d.must("set", name, abi.TLSPrivateKey, p.server.Key)
	d.must("set", name, abi.TLSTrustedPeerCertificates, p.ca.Path)
	d.must("set", name, abi.TLSALPN, "one")
	d.must("bind", name, "127.0.0.1", 0)
	d.must("listen", name, 5)
	return d.must("name", name, "getsockname").Port
}

func prepareListening(_ *testing.T, d *driver, p pki) { listen(d, "s", p) }

// prepareRefused has a blocking connect fail, after which a socket may be used again.
func prepareRefused(t *testing.T, d *driver, _ pki) {
	d.must("socket", "s")
	if r := d.call("connect", "s", "127.0.0.1", testutil.RefusedAddr(t).Port()); r.Errno != "ECONNREFUSED" {
		t.Fatalf("connect: got %q, want ECONNREFUSED", r.Errno)
	}
}

// prepareFailed has a non-blocking connect fail.
func prepareFailed(t *testing.T, d *driver, _ pki) {
	d.must("socket", "s")
	d.must("nonblock", "s")
	if r := d.call("connect", "s", "127.0.0.1", testutil.RefusedAddr(t).Port()); r.Errno != "EINPROGRESS" {
		t.Fatalf("non-blocking connect: got %q, want EINPROGRESS", r.Errno)
	}
	if r := d.must("writable", "s", 30); r.Port != 1 || r.number() != refused {
		t.Fatalf("SO_ERROR: got %d, writable %d, want ECONNREFUSED", r.number(), r.Port)
	}
}

// refused is ECONNREFUSED as a number.
const refused = 111

// good is a value that each option takes.
func good(p pki) map[abi.Option]any {
	return map[abi.Option]any{
		abi.TLSRemoteHostname:          "localhost",
		abi.TLSHostname:                "localhost,*.server.test",
		abi.TLSTrustedPeerCertificates: p.ca.Path,
		abi.TLSCertificateChain:        p.server.Chain,
		abi.TLSPrivateKey:              p.server.Key,
		abi.TLSALPN:                    "h2,http/1.1",
		abi.TLSSessionTTL:              60,
		abi.TLSDisableCipher:           "ECDHE-RSA-AES128-GCM-SHA256",
		abi.TLSRequestPeerAuth:         abi.PeerAuthRequest,
		abi.TLSTrustedCiphers:          "ECDHE-ECDSA-AES128-GCM-SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256",
		abi.TLSSessionReuse:            1,
		abi.TLSVersionMin:              abi.VersionTLS12,
		abi.TLSVersionMax:              abi.VersionTLS13,
		abi.TLSRevocationChecks:        1,
		abi.TLSOCSPStapledChecks:       1,
		abi.TLSOCSPChecks:              1,
		abi.TLSCRLChecks:               1,
		abi.TLSCachedRevChecks:         1,
		abi.TLSServerOCSPStapling:      1,
		abi.TLSCoerce:                  "SSL_export_keying_material",
	}
}

// TestOptionStates sets and reads every option in every state.
func TestOptionStates(t *testing.T) {
	p := newPKI(t)
	for _, s := range stages() {
		t.Run("ok "+s.name, func(t *testing.T) {
			t.Parallel()
			d := startDriver(t)
			s.prepare(t, d, p)
			for _, o := range abi.Options() {
				s.checkSet(t, d, o, good(p)[o.Option])
			}
			for _, o := range abi.Options() {
				s.checkGet(t, d, o)
			}
		})
	}
}

func (s stage) checkSet(t *testing.T, d *driver, o abi.Info, value any) {
	t.Helper()
	want := ""
	switch {
	case o.Set == abi.Never:
		want, value = "ENOPROTOOPT", 1
	case o.Set&s.state == 0:
		want = s.setErrno
	}
	if r := d.call("set", "s", o.Option, value); r.Errno != want {
		t.Errorf("%s: set %s: got %q, want %q (TLS_ERROR %q)", s.name, o.Name, r.Errno, want, d.tlsError([]any{"", "s"}))
	}
}

func (s stage) checkGet(t *testing.T, d *driver, o abi.Info) {
	t.Helper()
	want := ""
	switch {
	case o.Get == abi.Never:
		want = "ENOPROTOOPT"
	case o.Get&s.state == 0:
		want = "ENOTCONN"
	}
	r := d.call("get", "s", o.Option)
	if r.Errno != want {
		t.Errorf("%s: get %s: got %q, want %q", s.name, o.Name, r.Errno, want)
	}
	if want != "" {
		return
	}
	checkForm(t, s.name, o, r)
	checkShort(t, d, o, r.Len)
}

// checkForm checks that a value looks as its type says.
func checkForm(t *testing.T, state string, o abi.Info, r result) {
	t.Helper()
	b := r.bytes()
	ok := false
	switch o.Form {
	case abi.Int:
		ok = len(b) == 4
	case abi.ID:
		ok = len(b) == 8
	case abi.Text, abi.PEM:
		ok = len(b) > 0 && b[len(b)-1] == 0 && strings.Count(string(b), "\x00") == 1
	}
	if !ok || len(b) != r.Len {
		t.Errorf("%s: get %s: %d bytes %q, length %d", state, o.Name, len(b), b, r.Len)
	}
}

// checkShort reads with a buffer one byte too short: ERANGE, the needed length, and nothing written.
func checkShort(t *testing.T, d *driver, o abi.Info, need int) {
	t.Helper()
	if o.Option == abi.TLSError {
		return // it is cut; see the simulated calls
	}
	for _, size := range []int{0, need - 1} {
		r := d.call("get", "s", o.Option, size)
		if r.Errno != "ERANGE" || r.Len != need || strings.Trim(r.Value, "0") != "" {
			t.Errorf("get %s into %d of %d bytes: got %q, length %d, value %q; want ERANGE and the needed length", o.Name, size, need, r.Errno, r.Len, r.Value)
		}
	}
	if r := d.call("get", "s", o.Option, need); r.Errno != "" || r.Len != need {
		t.Errorf("get %s into exactly %d bytes: got %q, length %d", o.Name, need, r.Errno, r.Len)
	}
}

// TestOptionValues gives options values they must refuse, and checks that TLS_ERROR says why.
func TestOptionValues(t *testing.T) {
	p := newPKI(t)
	dir := t.TempDir()
	garbage := dir + "/garbage.pem"
	if err := os.WriteFile(garbage, []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := startDriver(t)
	for _, row := range []struct {
		name   string
		option abi.Option
		value  any
		errno  string
		text   string
	}{
		{"bad name", abi.TLSRemoteHostname, "two words", "EINVAL", "two words"},
		{"bad empty label", abi.TLSRemoteHostname, "a..b", "EINVAL", "label"},
		{"bad empty name", abi.TLSRemoteHostname, "", "EINVAL", "empty"},
		{"bad NUL in the middle", abi.TLSRemoteHostname, "a\x00b", "EINVAL", "NUL"},
		{"bad long name", abi.TLSRemoteHostname, strings.Repeat("a.", 130) + "test", "EINVAL", "characters"},
		{"bad empty element", abi.TLSALPN, "h2,,http/1.1", "EINVAL", "empty"},
		{"bad long protocol", abi.TLSALPN, strings.Repeat("p", 256), "EINVAL", "255"},
		{"bad negative lifetime", abi.TLSSessionTTL, -1, "EINVAL", "TLS_SESSION_TTL"},
		{"bad long lifetime", abi.TLSSessionTTL, abi.SessionTTLMax + 1, "EINVAL", "TLS_SESSION_TTL"},
		{"bad reuse", abi.TLSSessionReuse, 2, "EINVAL", "TLS_SESSION_REUSE"},
		{"bad peer auth", abi.TLSRequestPeerAuth, 3, "EINVAL", "TLS_REQUEST_PEER_AUTH"},
		{"bad version", abi.TLSVersionMin, 0x0305, "EINVAL", "version"},
		{"bad version of SSL", abi.TLSVersionMin, 0x0300, "EINVAL", "version"},
		{"bad lower version", abi.TLSVersionMin, abi.VersionTLS10, "EPERM", "TLS_VERSION_MIN"},
		{"bad length of an int", abi.TLSVersionMin, "abc", "EINVAL", "3 bytes"},
		{"bad suite", abi.TLSTrustedCiphers, "NO-SUCH-SUITE", "EINVAL", "NO-SUCH-SUITE"},
		{"bad suite to disable", abi.TLSDisableCipher, "NO-SUCH-SUITE", "EINVAL", "NO-SUCH-SUITE"},
		{"bad path", abi.TLSCertificateChain, dir + "/missing.pem", "ENOENT", "missing.pem"},
		{"bad directory", abi.TLSCertificateChain, dir, "EISDIR|EINVAL", ""},
		{"bad PEM in a file", abi.TLSCertificateChain, garbage, "EINVAL", "TLS_CERTIFICATE_CHAIN"},
		{"bad PEM", abi.TLSTrustedPeerCertificates, "-----BEGIN CERTIFICATE-----\n", "EINVAL", "PEM"},
		{"bad key for a chain", abi.TLSCertificateChain, p.server.Key, "EINVAL", "certificate"},
		{"bad key without a chain", abi.TLSPrivateKey, p.server.Key, "EINVAL", "TLS_CERTIFICATE_CHAIN"},
		{"bad option", abi.Option(99), 1, "ENOPROTOOPT", ""},
		{"bad option of a later version", abi.Option(199), 1, "ENOPROTOOPT", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			d.t = t
			d.must("socket", "s")
			defer d.must("close", "s")
			r := d.call("set", "s", row.option, row.value)
			if !oneOf(row.errno, func(e string) bool { return e == r.Errno }) {
				t.Errorf("got %q, want %q", r.Errno, row.errno)
			}
			if why := d.tlsError([]any{"", "s"}); !strings.Contains(why, row.text) || why == "" {
				t.Errorf("TLS_ERROR: got %q, want %q in it", why, row.text)
			}
		})
	}
	d.t = t
}

// TestOptionRoundTrip checks that what was set is what is read.
func TestOptionRoundTrip(t *testing.T) {
	p := newPKI(t)
	d := startDriver(t)
	d.must("socket", "s")
	for _, row := range []struct {
		option abi.Option
		value  any
		want   string
	}{
		{abi.TLSRemoteHostname, "server.test", "server.test"},
		{abi.TLSRemoteHostname, "other.test\x00", "other.test"},
		{abi.TLSSessionTTL, 17, "17"},
		{abi.TLSSessionReuse, 0, "0"},
		{abi.TLSVersionMin, abi.VersionTLS13, "772"},
		{abi.TLSCertificateChain, p.server.Chain, string(p.server.ChainPEM)},
	} {
		d.must("set", "s", row.option, row.value)
		r := d.must("get", "s", row.option)
		got := r.text()
		if info, _ := abi.Lookup(row.option); info.Form == abi.Int {
			got = fmt.Sprint(r.number())
		}
		if got != row.want {
			t.Errorf("%s: got %q, want %q", row.option, got, row.want)
		}
	}
}

// TestOptionWeirdLengths passes lengths that no correct program passes.
func TestOptionWeirdLengths(t *testing.T) {
	d := startDriver(t)
	d.must("socket", "s")
	for _, row := range []struct {
		name   string
		length uint32
		errno  string
	}{
		{"bad length of zero", 0, "EINVAL"},
		{"bad negative length", 1 << 31, "EINVAL"},
		{"bad length beyond the bound", 1 << 30, "EINVAL"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if r := d.call("set_raw", "s", abi.TLSRemoteHostname, "6100", row.length); r.Errno != row.errno {
				t.Errorf("got %q, want %q", r.Errno, row.errno)
			}
		})
	}
}
