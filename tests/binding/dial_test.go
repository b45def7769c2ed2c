package binding_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall" //nolint:depguard // for the type that net.Dialer.Control has
	"testing"
	"time"

	"github.com/securesocketapi/ssa"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// world is an authority, a server and a client of it.
type world struct {
	ca             *testutil.CA
	server, client testutil.Certificate
}

func newWorld(t *testing.T) world {
	t.Helper()
	ca := testutil.NewCA(t, "root of the binding")
	return world{
		ca:     ca,
		server: ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}),
		client: ca.Issue(t, testutil.Leaf{CommonName: "the client"}),
	}
}

// trusting is a dialer that trusts the authority.
func (w world) trusting(o ssa.Options) *ssa.Dialer {
	o.TrustedPeerCertificates = w.ca.Path
	return &ssa.Dialer{Options: o}
}

// bothVersions has nginx speak TLS 1.3 too.
const bothVersions = "ssl_protocols TLSv1.2 TLSv1.3;"

// page is what nginx says of the connection it got.
func page(t *testing.T, c *ssa.Conn) map[string]string {
	t.Helper()
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(text), "\r\n\r\n")
	return testutil.Lines(body)
}

// TestOptions dials nginx with each option, and compares what the connection says of itself with what nginx says of it.
func TestOptions(t *testing.T) {
	w := newWorld(t)
	s := testutil.Nginx(t, w.server, bothVersions, "ssl_verify_client optional;", "ssl_client_certificate "+w.ca.Path+";")
	for _, row := range []struct {
		name    string
		options ssa.Options
		want    func(ssa.State, map[string]string) bool
	}{
		{"ok MaxVersion", ssa.Options{MaxVersion: ssa.VersionTLS12}, func(s ssa.State, page map[string]string) bool {
			return s.Version == ssa.VersionTLS12 && page["protocol"] == "TLSv1.2"
		}},
		{"ok MinVersion", ssa.Options{MinVersion: ssa.VersionTLS13}, func(s ssa.State, page map[string]string) bool {
			return s.Version == ssa.VersionTLS13 && page["protocol"] == "TLSv1.3"
		}},
		{"ok ALPN", ssa.Options{ALPN: []string{"x", "http/1.1"}}, func(s ssa.State, page map[string]string) bool {
			return s.ALPN == "http/1.1" && page["alpn"] == "http/1.1"
		}},
		{"ok Certificates", ssa.Options{Certificates: []ssa.Certificate{{Chain: w.client.Chain, Key: string(w.client.KeyPEM)}}},
			func(_ ssa.State, page map[string]string) bool { return strings.Contains(page["client"], "the client") }},
		{"ok TrustedCiphers", ssa.Options{MaxVersion: ssa.VersionTLS12, TrustedCiphers: []string{"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}},
			func(s ssa.State, page map[string]string) bool {
				return strings.Contains(s.Cipher, "CHACHA20") && strings.Contains(page["cipher"], "CHACHA20")
			}},
		{"ok DisabledCiphers", ssa.Options{MaxVersion: ssa.VersionTLS12, DisabledCiphers: []string{
			"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"}},
			func(s ssa.State, _ map[string]string) bool { return strings.Contains(s.Cipher, "CHACHA20") }},
		{"ok names", ssa.Options{}, func(s ssa.State, page map[string]string) bool {
			return s.ServerName == "localhost" && page["sni"] == "localhost" && strings.HasPrefix(s.PeerIdentity, "CN=localhost") && s.ID != 0
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := w.trusting(row.options).Dial("tls", "localhost:"+s.Port())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			state, err := c.State()
			if page := page(t, c); err != nil || !row.want(state, page) {
				t.Errorf("got %+v, %v; the server says %v", state, err, page)
			}
			chain, err := c.PeerCertificates()
			if err != nil || len(chain) != 1 || !chain[0].Equal(w.server.X509) || c.RemoteAddr().String() != s.Addr.String() {
				t.Errorf("got %d certificates, %v, from %v", len(chain), err, c.RemoteAddr())
			}
		})
	}
}

// TestRevocation turns checks on one by one; that the service obeys is tested with the service.
func TestRevocation(t *testing.T) {
	for option, r := range map[int]ssa.Revocation{
		ssa.TLSRevocationChecks: {Checks: true}, ssa.TLSOCSPStapledChecks: {OCSPStapled: true}, ssa.TLSOCSPChecks: {OCSP: true},
		ssa.TLSCRLChecks: {CRL: true}, ssa.TLSCachedRevChecks: {Cached: true},
	} {
		on, stop := 0, errors.New("seen enough")
		d := ssa.Dialer{Options: ssa.Options{Revocation: r}, Control: func(_, _ string, c syscall.RawConn) error {
			err := c.Control(func(fd uintptr) { on, _ = linux.GetsockoptInt(linux.FD(fd), ssa.Protocol, option) })
			return errors.Join(err, stop)
		}}
		if _, err := d.Dial("tls", "localhost:1"); !errors.Is(err, stop) || on != 1 {
			t.Errorf("%+v: option %d is %d, %v", r, option, on, err)
		}
	}
}

// TestSessions dials twice: the second connection resumes unless the options forbid it.
func TestSessions(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		name    string
		options ssa.Options
		want    bool
	}{
		{"ok by default", ssa.Options{}, true},
		{"ok SessionTTL", ssa.Options{SessionTTL: time.Hour}, true},
		{"bad NoSessionReuse", ssa.Options{NoSessionReuse: true}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := testutil.Nginx(t, w.server, bothVersions)
			resumed := false
			for range 2 {
				c, err := w.trusting(row.options).Dial("tls", "localhost:"+s.Port())
				if err != nil {
					t.Fatal(err)
				}
				page(t, c)
				state, err := c.State()
				_ = c.Close()
				if err != nil {
					t.Fatal(err)
				}
				resumed = state.Resumed
			}
			if resumed != row.want {
				t.Errorf("resumed %v, want %v", resumed, row.want)
			}
		})
	}
}

func TestDialFailures(t *testing.T) {
	w := newWorld(t)
	s := testutil.Nginx(t, w.server)
	refused := testutil.RefusedAddr(t)
	silent := testutil.Listen(t)
	_, silentPort, _ := net.SplitHostPort(silent.Addr().String())
	dial := func(d *ssa.Dialer, network, address string) error {
		c, err := d.Dial(network, address)
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	for _, row := range []struct {
		name   string
		err    error
		want   error
		reason string
	}{
		{"bad network", dial(&ssa.Dialer{}, "tcp", "localhost:1"), net.UnknownNetworkError("tcp"), "tcp"},
		{"bad authority", dial(&ssa.Dialer{}, "tls", "localhost:"+s.Port()), linux.EKEYREJECTED, "trust"},
		{"bad name", dial(&ssa.Dialer{ServerName: "other.test", Options: w.trusting(ssa.Options{}).Options}, "tls", "localhost:"+s.Port()),
			linux.EKEYREJECTED, "other.test"},
		{"bad name over tls4", dial(&ssa.Dialer{ServerName: "other.test", Options: w.trusting(ssa.Options{}).Options}, "tls4", "localhost:"+s.Port()),
			linux.EKEYREJECTED, "other.test"},
		{"bad port", dial(w.trusting(ssa.Options{}), "tls", refused.String()), linux.ECONNREFUSED, "refused"},
		{"bad host", dial(w.trusting(ssa.Options{}), "tls", "no-such-host.invalid:1"), linux.EHOSTUNREACH, "no-such-host.invalid"},
		{"bad version", dial(w.trusting(ssa.Options{MinVersion: ssa.VersionTLS10}), "tls", "localhost:1"), linux.EPERM, "TLS_VERSION_MIN"},
		{"bad family", dial(w.trusting(ssa.Options{}), "tls6", s.Addr.String()), nil, "tls6"},
		{"bad time", dial(&ssa.Dialer{Timeout: 50 * time.Millisecond}, "tls", "127.0.0.1:"+silentPort), os.ErrDeadlineExceeded, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			op := (*net.OpError)(nil)
			if !errors.As(row.err, &op) || row.want != nil && !errors.Is(row.err, row.want) || !strings.Contains(row.err.Error(), row.reason) {
				t.Errorf("got %v, want %v and %q in it", row.err, row.want, row.reason)
			}
		})
	}
}

func TestDialCancelled(t *testing.T) {
	silent := testutil.Listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		if c, err := silent.Accept(); err == nil { // now the handshake is under way
			cancel()
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
		}
	}()
	c, err := new(ssa.Dialer).DialContext(ctx, "tls", silent.Addr().String())
	if err == nil {
		_ = c.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// TestFamilies dials by name over one family, from an address of the program's choice.
func TestFamilies(t *testing.T) {
	w := newWorld(t)
	s := testutil.Nginx(t, w.server)
	d := w.trusting(ssa.Options{})
	d.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}
	seen := ""
	d.Control = func(network, address string, _ syscall.RawConn) error { seen = network + " " + address; return nil }
	c, err := d.Dial("tls4", "localhost:"+s.Port())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if local, _, _ := net.SplitHostPort(c.LocalAddr().String()); local != "127.0.0.2" || seen != "tls4 localhost:"+s.Port() {
		t.Errorf("from %v, control saw %q", c.LocalAddr(), seen)
	}
}
