package fetch_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

func TestInside(t *testing.T) {
	for _, tt := range []struct {
		address string
		inside  bool
	}{
		{"93.184.215.14", false},
		{"2606:4700::1111", false},
		{"64:ff9b::5db8:d70e", false},
		{"2002:5db8:d70e::1", false},
		{"0.0.0.0", true},
		{"10.255.0.1", true},
		{"100.64.0.1", true},
		{"100.127.255.255", true},
		{"100.128.0.1", false},
		{"127.0.0.1", true},
		{"127.255.255.254", true},
		{"169.254.169.254", true},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"172.32.0.1", false},
		{"192.168.1.1", true},
		{"224.0.0.1", true},
		{"255.255.255.255", true},
		{"::", true},
		{"::1", true},
		{"::ffff:127.0.0.1", true},
		{"::ffff:10.0.0.1", true},
		{"::7f00:1", true},
		{"fe80::1%eth0", true},
		{"fc00::1", true},
		{"fd12:3456::1", true},
		{"ff02::1", true},
		{"2001::1", true},
		{"2001:db8::1", true},
		{"64:ff9b::7f00:1", true},
		{"64:ff9b:1::1", true},
		{"2002:7f00:1::1", true},
		{"2002:a9fe:a9fe::1", true},
	} {
		if got := fetch.Inside(netip.MustParseAddr(tt.address)); got != tt.inside {
			t.Errorf("Inside(%s) = %v", tt.address, got)
		}
	}
}

// server serves handlers by path on the loopback address.
func server(t *testing.T, paths map[string]http.HandlerFunc) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	for path, h := range paths {
		mux.HandleFunc(path, h)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func portOf(t *testing.T, s *httptest.Server) uint16 {
	t.Helper()
	return testutil.AddrPort(s.Listener).Port()
}

// loopback lets the Fetcher reach the server.
func loopback(t *testing.T, s *httptest.Server) fetch.Config {
	t.Helper()
	return fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{portOf(t, s)}}
}

func redirectTo(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

func TestFetch(t *testing.T) {
	s := server(t, map[string]http.HandlerFunc{
		"/doc": func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "text") },
		"/echo": func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%s %s %s %s", r.Method, r.Header.Get("Content-Type"), r.Header.Get("Accept"), body)
		},
		"/redirect": redirectTo("/doc"),
		"/referer":  redirectTo("/showreferer"),
		"/showreferer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, "%q", r.Header.Get("Referer"))
		},
		"/loop":   redirectTo("/loop"),
		"/file":   redirectTo("file:///etc/passwd"),
		"/inside": redirectTo("http://169.254.169.254/latest"),
		"/port":   redirectTo("http://127.0.0.1:22/"),
		"/four":   func(w http.ResponseWriter, r *http.Request) { http.Error(w, "no", http.StatusNotFound) },
		"/announced": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000000000")
			w.WriteHeader(http.StatusOK)
		},
		"/endless": func(w http.ResponseWriter, r *http.Request) {
			for err := error(nil); err == nil; {
				_, err = w.Write(make([]byte, 4096))
			}
		},
		"/header": func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", 64<<10)) },
		"/bomb": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Header.Get("Accept-Encoding")+".")
		},
	})
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	f := fetch.New(loopback(t, s))
	for _, tt := range []struct {
		name string
		r    fetch.Request
		want string
		err  error
		text string
	}{
		{name: "ok", r: fetch.Request{URL: "/doc"}, want: "text"},
		{name: "ok posted", r: fetch.Request{URL: "/echo", Body: []byte("question"), Type: "a/b", Accept: "c/d"}, want: "POST a/b c/d question"},
		{name: "ok got", r: fetch.Request{URL: "/echo"}, want: "GET   "},
		{name: "ok redirect", r: fetch.Request{URL: "/redirect"}, want: "text"},
		{name: "ok tells nobody where it came from", r: fetch.Request{URL: "/referer"}, want: `""`},
		{name: "ok asks for no compression", r: fetch.Request{URL: "/bomb"}, want: "."},
		{name: "ok as long as allowed", r: fetch.Request{URL: "/doc", Max: 4}, want: "text"},
		{name: "bad one byte longer", r: fetch.Request{URL: "/doc", Max: 3}, err: fetch.ErrTooLarge},
		{name: "bad announced length", r: fetch.Request{URL: "/announced"}, err: fetch.ErrTooLarge, text: "1000000000 bytes"},
		{name: "bad endless", r: fetch.Request{URL: "/endless"}, err: fetch.ErrTooLarge},
		{name: "bad header", r: fetch.Request{URL: "/header"}, text: "headers"},
		{name: "bad redirect loop", r: fetch.Request{URL: "/loop"}, err: fetch.ErrForbidden, text: "more than 3 redirects"},
		{name: "bad redirect to a file", r: fetch.Request{URL: "/file"}, err: fetch.ErrForbidden, text: "neither http nor https"},
		{name: "bad redirect inside", r: fetch.Request{URL: "/inside"}, err: fetch.ErrForbidden, text: "port"},
		{name: "bad redirect to a port", r: fetch.Request{URL: "/port"}, err: fetch.ErrForbidden, text: "port"},
		{name: "bad status", r: fetch.Request{URL: "/four"}, text: "404"},
		{name: "bad scheme", r: fetch.Request{URL: "ldap://127.0.0.1/cn=ca"}, err: fetch.ErrForbidden, text: "neither http nor https"},
		{name: "bad user", r: fetch.Request{URL: "http://root:secret@127.0.0.1/"}, err: fetch.ErrForbidden, text: "names a user"},
		{name: "bad no host", r: fetch.Request{URL: "http:///x"}, err: fetch.ErrForbidden, text: "no host"},
		{name: "bad control characters", r: fetch.Request{URL: "http://a\r\nb/"}, err: fetch.ErrForbidden, text: "is no address"},
		{name: "bad port", r: fetch.Request{URL: "http://127.0.0.1:25/"}, err: fetch.ErrForbidden, text: "port"},
		{name: "bad port too high", r: fetch.Request{URL: "http://127.0.0.1:65616/"}, err: fetch.ErrForbidden, text: "port"},
		{name: "bad length", r: fetch.Request{URL: "http://a.example/" + strings.Repeat("x", 3000)}, err: fetch.ErrForbidden, text: "3017 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if strings.HasPrefix(tt.r.URL, "/") {
				tt.r.URL = s.URL + tt.r.URL
			}
			if tt.r.Max == 0 {
				tt.r.Max = 1 << 20
			}
			got, err := f.Fetch(t.Context(), tt.r)
			check(t, err, tt.err, tt.text)
			if string(got) != tt.want {
				t.Errorf("document (-want +got):\n-%s\n+%s", tt.want, got)
			}
		})
	}
}

func check(t *testing.T, err, is error, text string) {
	t.Helper()
	if is == nil && text == "" {
		if err != nil {
			t.Errorf("Fetch: %v", err)
		}
		return
	}
	if err == nil || is != nil && !errors.Is(err, is) || !strings.Contains(err.Error(), text) {
		t.Errorf("error (-want +got):\n-%v: ...%s...\n+%v", is, text, err)
	}
}

// TestForbidden tries to reach a server that would answer. A name is looked up first.
func TestForbidden(t *testing.T) {
	s := server(t, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) {
		t.Error("the server was reached")
	}})
	port := portOf(t, s)
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::1]"} {
		t.Run("bad "+host, func(t *testing.T) {
			f := fetch.New(fetch.Config{Ports: []uint16{port}, Timeout: 5 * time.Second})
			_, err := f.Fetch(t.Context(), fetch.Request{URL: fmt.Sprintf("http://%s:%d/", host, port), Max: 1})
			check(t, err, fetch.ErrForbidden, "is not an address of the Internet")
		})
	}
	t.Run("bad redirect", func(t *testing.T) {
		from := server(t, map[string]http.HandlerFunc{"/": redirectTo(fmt.Sprintf("http://127.0.0.2:%d/", port))})
		f := fetch.New(fetch.Config{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: []uint16{port, portOf(t, from)}})
		_, err := f.Fetch(t.Context(), fetch.Request{URL: from.URL, Max: 1})
		check(t, err, fetch.ErrForbidden, "127.0.0.2 is not an address of the Internet")
	})
}

// TestOurselves: an address of this machine is refused where it counts as one of the Internet.
func TestOurselves(t *testing.T) {
	s := server(t, map[string]http.HandlerFunc{"/": func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }})
	f := fetch.New(fetch.Config{Ports: []uint16{portOf(t, s)}})
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	check(t, fetch.NotOurselves(f, c), fetch.ErrForbidden, "is an address of this machine")
	check(t, fetch.NotOurselves(fetch.New(loopback(t, s)), c), nil, "")
}

// TestSilent: a server that says nothing costs no more than the time limit, or what the caller gives.
func TestSilent(t *testing.T) {
	begun, end := make(chan struct{}, 1), make(chan struct{})
	s := server(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-end
	}})
	defer close(end)
	c := loopback(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-begun; cancel() }()
	_, err := fetch.New(c).Fetch(ctx, fetch.Request{URL: s.URL, Max: 1})
	check(t, err, context.Canceled, "")
	c.Timeout = 20 * time.Millisecond
	_, err = fetch.New(c).Fetch(t.Context(), fetch.Request{URL: s.URL, Max: 1})
	check(t, err, context.DeadlineExceeded, "")
}

// TestPlaces: who finds no place waits or is refused, and a slow host delays only those who want something of it.
func TestPlaces(t *testing.T) {
	begun, end := make(chan struct{}, 9), make(chan struct{})
	s := server(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-end
	}})
	c := loopback(t, s)
	c.Concurrent, c.PerHost, c.Queue = 2, 1, 2
	f := fetch.New(c)
	answers := make(chan error, 9)
	get := func(ctx context.Context, host string) {
		_, err := f.Fetch(ctx, fetch.Request{URL: fmt.Sprintf("http://%s:%d/", host, portOf(t, s)), Max: 1})
		answers <- err
	}
	waits := func(n int) {
		for fetch.Waiting(f) != n {
			<-time.After(time.Millisecond)
		}
	}
	go get(t.Context(), "127.0.0.1")
	<-begun
	waiting, stop := context.WithCancel(t.Context())
	go get(waiting, "127.0.0.1")
	waits(1)
	get(t.Context(), "127.0.0.1")
	check(t, <-answers, fetch.ErrBusy, `1 wait for "127.0.0.1:`)
	go get(t.Context(), "localhost")
	<-begun
	waits(1)
	go get(t.Context(), "[::ffff:127.0.0.1]") // its host is free, and no place is
	waits(2)
	get(t.Context(), "127.0.0.4")
	check(t, <-answers, fetch.ErrBusy, "2 wait")
	stop()
	check(t, <-answers, fetch.ErrBusy, "no place within the time")
	close(end)
	for range 3 {
		check(t, <-answers, nil, "")
	}
	get(t.Context(), "127.0.0.1")
	check(t, <-answers, nil, "")
	if n := fetch.Hosts(f); n != 0 {
		t.Errorf("%d hosts are remembered", n)
	}
}

// TestProxy: a proxy is used when it is given, and what it must not be asked for is still refused.
func TestProxy(t *testing.T) {
	var asked string
	proxy := server(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) { asked = r.RequestURI }})
	u, err := url.Parse(proxy.URL)
	if err != nil {
		t.Fatal(err)
	}
	f := fetch.New(fetch.Config{Proxy: u})
	if _, err := f.Fetch(t.Context(), fetch.Request{URL: "http://ocsp.example/x", Max: 1}); err != nil {
		t.Fatal(err)
	}
	if asked != "http://ocsp.example/x" {
		t.Errorf("the proxy was asked for %q", asked)
	}
	_, err = f.Fetch(t.Context(), fetch.Request{URL: "http://10.0.0.1/", Max: 1})
	check(t, err, fetch.ErrForbidden, "10.0.0.1")
}

// FuzzURL: no address gets past the check that would not be one of http, without a user, at a port allowed and, when it
// is an address literal, of the Internet.
func FuzzURL(f *testing.F) {
	for _, s := range []string{"http://a.example/x", "https://[::1]/", "http://u@a", "ldap://x", "http://127.0.0.1:80", "http://[fe80::1%25eth0]/"} {
		f.Add(s)
	}
	fetcher := fetch.New(fetch.Config{})
	f.Fuzz(func(t *testing.T, text string) {
		u, err := fetch.Parse(fetcher, text)
		if err != nil {
			return
		}
		if u.User != nil || u.Hostname() == "" || !bytes.HasPrefix([]byte(u.Scheme), []byte("http")) {
			t.Errorf("%q passed", text)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && fetch.Inside(a) {
			t.Errorf("%q passed", text)
		}
	})
}
