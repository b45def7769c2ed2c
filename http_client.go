package ssa

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// A Transport is an http.RoundTripper for https over TLS sockets: HTTP/2 where the server chooses it (ALPN), HTTP/1.1
// otherwise. The zero Transport is ready; it is safe for concurrent use.
//
//	client := &http.Client{Transport: &ssa.Transport{}}
type Transport struct {
	// Dialer makes the connections. Its ALPN is the transport's; setting it to "http/1.1" turns HTTP/2 off.
	Dialer Dialer

	once sync.Once
	h1   *http.Transport
	h2   *http.Transport

	mu    sync.Mutex
	hosts map[string]*host
}

// host is what is known of a server.
type host struct {
	mu sync.Mutex
	// tried is whether a connection was made, of which protocol is what the server chose.
	tried    bool
	protocol string
	// spare is that connection, for whoever dials next.
	spare *Conn
}

// hostsMax bounds the servers whose protocol is remembered.
const hostsMax = 4096

const alpnHTTP2, alpnHTTP1 = "h2", "http/1.1"

// RoundTrip implements http.RoundTripper. Only https is spoken.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t.once.Do(t.setUp)
	if r.URL.Scheme != "https" {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, fmt.Errorf("%s %s: scheme %q: this transport speaks https alone", r.Method, r.URL.Redacted(), r.URL.Scheme)
	}
	address := net.JoinHostPort(r.URL.Hostname(), portOr443(r.URL.Port()))
	protocol, err := t.protocol(r.Context(), address)
	if err != nil {
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, err
	}
	var used net.Conn
	traced := r.WithContext(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		GotConn: func(info httptrace.GotConnInfo) { used = info.Conn },
	}))
	response, err := t.roundTripper(protocol).RoundTrip(traced)
	if err != nil {
		return nil, err
	}
	if c, ok := used.(*Conn); ok {
		response.TLS = c.connectionState()
	}
	response.Request = r
	return response, nil
}

// CloseIdleConnections closes connections that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.once.Do(t.setUp)
	t.h1.CloseIdleConnections()
	t.h2.CloseIdleConnections()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.hosts {
		if c := h.take(); c != nil {
			_ = c.Close()
		}
	}
	clear(t.hosts)
}

func portOr443(port string) string {
	if port == "" {
		return "443"
	}
	return port
}

func (t *Transport) setUp() {
	t.hosts = map[string]*host{}
	t.h1, t.h2 = t.over(alpnHTTP1), t.over(alpnHTTP2)
	t.h1.Protocols.SetHTTP1(true)
	// What net/http takes for cleartext is the plaintext of the connection.
	t.h2.Protocols.SetUnencryptedHTTP2(true)
}

// over is a transport for connections of one protocol.
func (t *Transport) over(protocol string) *http.Transport {
	return &http.Transport{
		DialTLSContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return t.connection(ctx, address, protocol)
		},
		Protocols: new(http.Protocols), MaxIdleConnsPerHost: 16, IdleConnTimeout: idleTime,
	}
}

// idleTime is how long a connection waits for another request, as that of http.DefaultTransport.
const idleTime = 90 * time.Second

func (t *Transport) roundTripper(protocol string) http.RoundTripper {
	if protocol == alpnHTTP2 {
		return t.h2
	}
	return t.h1
}

// protocol is what a server speaks. The first to ask makes a connection, which is then used.
func (t *Transport) protocol(ctx context.Context, address string) (string, error) {
	h := t.host(address)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.tried {
		return h.protocol, nil
	}
	c, protocol, err := t.dial(ctx, address)
	if err != nil {
		return "", err
	}
	h.tried, h.protocol, h.spare = true, protocol, c
	return protocol, nil
}

func (t *Transport) host(address string) *host {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hosts[address]
	if h == nil {
		if len(t.hosts) >= hostsMax {
			clear(t.hosts)
		}
		h = &host{}
		t.hosts[address] = h
	}
	return h
}

// take is the connection that was made to learn the protocol, once.
func (h *host) take() *Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.spare
	h.spare = nil
	return c
}

// connection is one of a protocol. A server that chooses another is asked anew the next time.
func (t *Transport) connection(ctx context.Context, address, want string) (net.Conn, error) {
	if c := t.host(address).take(); c != nil {
		return c, nil
	}
	c, protocol, err := t.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	if protocol != want {
		_ = c.Close()
		t.mu.Lock()
		delete(t.hosts, address)
		t.mu.Unlock()
		return nil, fmt.Errorf("%s has changed from %s to %s; try again", address, want, protocol)
	}
	return c, nil
}

// dial connects and says what the server chose.
func (t *Transport) dial(ctx context.Context, address string) (*Conn, string, error) {
	d := t.Dialer
	if len(d.ALPN) == 0 {
		d.ALPN = []string{alpnHTTP2, alpnHTTP1}
	}
	c, err := d.DialContext(ctx, "tls", address)
	if err != nil {
		return nil, "", err
	}
	s, err := c.State()
	if err != nil {
		_ = c.Close()
		return nil, "", err
	}
	if s.ALPN == alpnHTTP2 {
		return c, alpnHTTP2, nil
	}
	return c, alpnHTTP1, nil
}
