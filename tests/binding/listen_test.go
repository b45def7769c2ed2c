package binding_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// listen is a listener with the server's certificate.
func (w world) listen(t *testing.T, o ssa.Options) *ssa.Listener {
	t.Helper()
	o.Certificates = []ssa.Certificate{{Chain: w.server.Chain, Key: w.server.Key}}
	config := ssa.ListenConfig{Options: o}
	l, err := config.Listen(t.Context(), "tls", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// pair is both ends of a connection.
func (w world) pair(t *testing.T) (client, server *ssa.Conn) {
	t.Helper()
	l := w.listen(t, ssa.Options{})
	client, err := w.trusting(ssa.Options{}).Dial("tls", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.AcceptTLS()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.Close(), server.Close() })
	if client.LocalAddr().String() != server.RemoteAddr().String() {
		t.Errorf("the client is %v, the server sees %v", client.LocalAddr(), server.RemoteAddr())
	}
	return client, server
}

// TestCopy sends a file with io.Copy, which has the kernel copy, and gets it back the same way; CloseWrite ends each
// direction.
func TestCopy(t *testing.T) {
	client, server := newWorld(t).pair(t)
	data := make([]byte, 3<<20)
	_, _ = rand.Read(data)
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	echoed := make(chan error, 1)
	go func() {
		_, err := io.Copy(server, server)
		echoed <- errors.Join(err, server.CloseWrite())
	}()
	go func() {
		f, err := os.Open(path)
		if err == nil {
			_, err = io.Copy(client, f)
			_ = f.Close()
		}
		if err = errors.Join(err, client.CloseWrite()); err != nil {
			t.Error(err)
		}
	}()
	var got bytes.Buffer
	if _, err := io.Copy(&got, client); err != nil {
		t.Error(err)
	}
	if err := <-echoed; err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d of %d bytes came back, %v", got.Len(), len(data), err)
	}
}

func TestDeadlines(t *testing.T) {
	client, _ := newWorld(t).pair(t)
	if err := client.SetReadDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: got %v", err)
	}
	if err := client.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	err := error(nil)
	for err == nil { // nobody reads
		_, err = client.Write(make([]byte, 1<<20))
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("write: got %v", err)
	}
}

// TestListenOptions has curl meet a listener with each option that counts on the server's side alone.
func TestListenOptions(t *testing.T) {
	w := newWorld(t)
	credentials := []string{"--cert", w.client.Chain, "--key", w.client.Key}
	for _, row := range []struct {
		name    string
		options ssa.Options
		args    []string
		want    bool
	}{
		{"ok RequestPeerAuth", ssa.Options{RequestPeerAuth: ssa.PeerAuthRequire, TrustedPeerCertificates: w.ca.Path}, credentials, true},
		{"bad RequestPeerAuth", ssa.Options{RequestPeerAuth: ssa.PeerAuthRequire, TrustedPeerCertificates: w.ca.Path}, nil, false},
		{"ok Hostnames", ssa.Options{Hostnames: []string{"localhost", "other.test"}}, nil, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := w.listen(t, row.options)
			s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })}
			ended := serve(s, l)
			out, status := testutil.Curl(t, w.ca, host(l), row.args...)
			if ok := status == 0; ok != row.want {
				t.Errorf("curl ended with status %d:\n%s", status, out)
			}
			_ = s.Close()
			if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
				t.Errorf("Serve ended with %v", err)
			}
		})
	}
}

func TestListenFailures(t *testing.T) {
	w := newWorld(t)
	taken := testutil.Listen(t)
	for _, row := range []struct {
		name, address string
		options       ssa.Options
		want          error
		reason        string
	}{
		{"bad Hostnames", "127.0.0.1:0", ssa.Options{Hostnames: []string{"no name"}}, linux.EINVAL, "TLS_HOSTNAME"},
		{"bad key", "127.0.0.1:0", ssa.Options{Certificates: []ssa.Certificate{{Chain: w.server.Chain, Key: w.client.Key}}}, linux.EKEYREJECTED, "key"},
		{"bad certificate", "127.0.0.1:0", ssa.Options{Certificates: []ssa.Certificate{{Chain: "/nonexistent", Key: w.client.Key}}}, linux.ENOENT, "/nonexistent"},
		{"bad address", taken.Addr().String(), ssa.Options{Certificates: []ssa.Certificate{{Chain: w.server.Chain, Key: w.server.Key}}}, linux.EADDRINUSE, "bind"},
		{"bad staple", "127.0.0.1:0", ssa.Options{ServerOCSPStapling: true, Certificates: []ssa.Certificate{{Chain: w.server.Chain, Key: w.server.Key}}},
			linux.EINVAL, "OCSP"},
		{"bad nothing", "127.0.0.1:0", ssa.Options{}, linux.EINVAL, "certificate"},
	} {
		t.Run(row.name, func(t *testing.T) {
			config := ssa.ListenConfig{Options: row.options}
			l, err := config.Listen(t.Context(), "tls", row.address)
			if err == nil {
				_ = l.Close()
			}
			if op := (*net.OpError)(nil); !errors.As(err, &op) || !errors.Is(err, row.want) || !strings.Contains(err.Error(), row.reason) {
				t.Errorf("got %v, want %v and %q in it", err, row.want, row.reason)
			}
		})
	}
}

// TestListenEverywhere listens at all addresses; a client comes over IPv4.
func TestListenEverywhere(t *testing.T) {
	w := newWorld(t)
	config := ssa.ListenConfig{Options: ssa.Options{Certificates: []ssa.Certificate{{Chain: w.server.Chain, Key: w.server.Key}}}, Backlog: 4}
	l, err := config.Listen(t.Context(), "tls", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := w.trusting(ssa.Options{}).Dial("tls4", host(l))
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	accepted, err := l.AcceptTLS()
	if err != nil {
		t.Fatal(err)
	}
	_ = accepted.Close()
	if err := l.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("accept after the deadline: got %v", err)
	}
}

func serve(s *http.Server, l *ssa.Listener) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- ssa.Serve(s, l) }()
	return ended
}

// host is the name and port of a listener.
func host(l *ssa.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// TestServe has curl choose the protocol; the handler sees it and what the handshake led to.
func TestServe(t *testing.T) {
	w := newWorld(t)
	l := w.listen(t, ssa.Options{ALPN: []string{"h2", "http/1.1"}})
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		state, err := ssa.ConnOf(r.Context()).State()
		if err != nil || r.TLS == nil || r.TLS.Version != uint16(state.Version) || r.TLS.ServerName != "localhost" || r.TLS.CipherSuite == 0 {
			t.Errorf("the handler sees %+v, %v and %+v", state, err, r.TLS)
		}
		_, _ = io.WriteString(w, r.Proto+" "+state.ALPN)
	})}
	ended := serve(s, l)
	for args, want := range map[string]string{"--http2": "HTTP/2.0 h2", "--http1.1": "HTTP/1.1 http/1.1"} {
		if out, status := testutil.Curl(t, w.ca, host(l), args); status != 0 || !strings.Contains(out, want) {
			t.Errorf("%s: status %d, want %q in\n%s", args, status, want, out)
		}
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("Serve ended with %v", err)
	}
}

// TestTransport fetches from nginx over the protocol that nginx chooses, several times over one connection.
func TestTransport(t *testing.T) {
	w := newWorld(t)
	for _, row := range []struct {
		name  string
		start func(testing.TB, testutil.Certificate, ...string) *testutil.Server
		alpn  []string
		want  string
	}{
		{"ok HTTP/2", testutil.NginxHTTP2, nil, "HTTP/2.0"},
		{"ok HTTP/2 turned off", testutil.NginxHTTP2, []string{"http/1.1"}, "HTTP/1.1"},
		{"ok HTTP/1.1", testutil.Nginx, nil, "HTTP/1.1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := row.start(t, w.server)
			transport := &ssa.Transport{Dialer: *w.trusting(ssa.Options{ALPN: row.alpn})}
			defer transport.CloseIdleConnections()
			client := &http.Client{Transport: transport}
			for range 3 {
				fetch(t, client, "https://localhost:"+s.Port()+"/", row.want)
			}
			if _, err := client.Get("http://localhost:" + s.Port() + "/"); err == nil || !strings.Contains(err.Error(), "https alone") {
				t.Errorf("http: got %v", err)
			}
		})
	}
}

func fetch(t *testing.T, client *http.Client, url, want string) {
	t.Helper()
	r, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	if err != nil || r.Proto != want || !strings.Contains(string(body), "sni localhost") {
		t.Errorf("got %s, %v:\n%s", r.Proto, err, body)
	}
	if r.TLS == nil || r.TLS.NegotiatedProtocol == "" || len(r.TLS.PeerCertificates) != 1 || r.Request.URL.String() != url {
		t.Errorf("got %+v of %v", r.TLS, r.Request.URL)
	}
}
