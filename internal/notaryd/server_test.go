package notaryd_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/notaryd"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/notary"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// ask puts a question to a server, without a network.
func ask(s *notaryd.Server, method, path string, q url.Values) (int, string) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, path+"?"+q.Encode(), nil))
	return w.Code, w.Body.String()
}

func look(t *testing.T, s *notaryd.Server, port string) notary.Report {
	t.Helper()
	code, body := ask(s, "GET", notary.Path, url.Values{"host": {"127.0.0.1"}, "port": {port}})
	if code != http.StatusOK {
		t.Fatalf("status %d: %s", code, body)
	}
	number, err := net.LookupPort("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	r, err := notary.Decode([]byte(body), "127.0.0.1", uint16(number))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestHistory: what was seen is kept with its times, the latest first, and a server is not looked at twice in a moment.
func TestHistory(t *testing.T) {
	begin := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := &clock{now: begin}
	s := notaryd.New(notaryd.Config{Allow: loopback(), Now: now.Now})
	first := testutil.SelfSigned(t, testutil.Leaf{})
	server := testutil.OpenSSLServer(t, first)
	_, port, _ := strings.Cut(server.Addr.String(), ":")
	if r := look(t, s, port); len(r.Seen) != 1 || r.Seen[0].Key != engine.PinOf(first.X509) || r.Error != "" {
		t.Fatalf("at first: %+v", r)
	}
	server.Kill()
	now.add(9 * time.Second)
	if r := look(t, s, port); r.Error != "" || !r.Now.Equal(begin) {
		t.Errorf("a moment later: %+v", r)
	}
	now.add(time.Second)
	if r := look(t, s, port); r.Error == "" || len(r.Seen) != 1 || !r.Seen[0].Last.Equal(begin) {
		t.Errorf("when the server is gone: %+v", r)
	}
	now.add(31 * 24 * time.Hour)
	if r := look(t, s, port); len(r.Seen) != 0 {
		t.Errorf("after a month: %+v", r)
	}
}

// TestRefuses: servers of the inside are not looked at, and questions that are none are refused.
func TestRefuses(t *testing.T) {
	s := notaryd.New(notaryd.Config{})
	values := func(host, port string) url.Values { return url.Values{"host": {host}, "port": {port}} }
	for name, row := range map[string]struct {
		method, path string
		query        url.Values
		want         int
	}{
		"bad loopback":     {"GET", notary.Path, values("127.0.0.1", "443"), http.StatusForbidden},
		"bad private":      {"GET", notary.Path, values("10.0.0.1", "443"), http.StatusForbidden},
		"bad metadata":     {"GET", notary.Path, values("169.254.169.254", "80"), http.StatusForbidden},
		"bad mapped":       {"GET", notary.Path, values("::ffff:127.0.0.1", "443"), http.StatusForbidden},
		"bad name of ours": {"GET", notary.Path, values("localhost", "443"), http.StatusForbidden},
		"bad method":       {"POST", notary.Path, values("192.0.2.1", "443"), http.StatusBadRequest},
		"bad path":         {"GET", "/", values("192.0.2.1", "443"), http.StatusBadRequest},
		"bad port":         {"GET", notary.Path, values("192.0.2.1", "0"), http.StatusBadRequest},
		"bad large port":   {"GET", notary.Path, values("192.0.2.1", "65536"), http.StatusBadRequest},
		"bad no host":      {"GET", notary.Path, values("", "443"), http.StatusBadRequest},
		"bad host":         {"GET", notary.Path, values("www.example.com/x", "443"), http.StatusBadRequest},
		"bad long host":    {"GET", notary.Path, values(strings.Repeat("a.", 127)+"aa", "443"), http.StatusBadRequest},
		"bad zone":         {"GET", notary.Path, values("fe80::1%eth0", "443"), http.StatusBadRequest},
	} {
		if code, body := ask(s, row.method, row.path, row.query); code != row.want {
			t.Errorf("%s: status %d: %s, want %d", name, code, body, row.want)
		}
	}
}

// serve runs a notary with TLS and gives its address and pin.
func serve(t *testing.T, s *notaryd.Server) notary.Notary {
	t.Helper()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := testutil.SelfSigned(t, testutil.Leaf{CommonName: "notary"})
	l, leaf, err := engine.Listener(plain, c.ChainPEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return notary.Notary{Name: "notary", Address: plain.Addr().String(), Pins: [][sha256.Size]byte{engine.PinOf(leaf)}}
}

func dial(ctx context.Context, n notary.Notary) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", n.Address)
	if err != nil {
		return nil, err
	}
	return engine.Pinned(ctx, c, n.Pins)
}

// TestJudge: the judge asks this notary about a server of OpenSSL, and finds out who shows another key.
func TestJudge(t *testing.T) {
	n := serve(t, notaryd.New(notaryd.Config{Allow: loopback()}))
	j, err := notary.New(notary.Config{Notaries: []notary.Notary{n}, Dial: dial, Inside: true})
	if err != nil {
		t.Fatal(err)
	}
	genuine, forged := testutil.SelfSigned(t, testutil.Leaf{}), testutil.SelfSigned(t, testutil.Leaf{})
	server := testutil.OpenSSLServer(t, genuine)
	at := netip.MustParseAddrPort(server.Addr.String())
	q := &judge.Question{Host: at.Addr().String(), Port: at.Port(), Remote: at, Chain: []*x509.Certificate{genuine.X509}, Time: time.Now()}
	if v := j.Judge(t.Context(), q); v.Answer != judge.Valid {
		t.Errorf("ok: %s: %s", v.Answer, v.Reason)
	}
	q.Chain = []*x509.Certificate{forged.X509}
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid {
		t.Errorf("bad: %s: %s", v.Answer, v.Reason)
	}
	q.Port = 1
	if v := j.Judge(t.Context(), q); v.Answer != judge.Abstain || !strings.Contains(v.Reason, "connection refused") {
		t.Errorf("where nobody listens: %s: %s", v.Answer, v.Reason)
	}
}

// TestHeadBound: a question without end is refused.
func TestHeadBound(t *testing.T) {
	n := serve(t, notaryd.New(notaryd.Config{}))
	c, err := dial(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	go func() {
		_, _ = io.Copy(c, strings.NewReader("GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("a", 64<<10)))
	}()
	answer := make([]byte, 12)
	if _, err := io.ReadFull(c, answer); err != nil || string(answer) != "HTTP/1.1 431" {
		t.Errorf("%q, %v", answer, err)
	}
}
