package ssa

import (
	"context"
	"crypto/tls" // for the type of http.Request.TLS alone
	"net"
	"net/http"
	"sync"
)

// Serve has an HTTP server answer on a listener, over HTTP/2 for clients that choose it. The listener's ALPN is to be
// "h2", "http/1.1". Handlers see Request.TLS, and the *Conn itself by ConnOf. It returns as http.Server.Serve does.
//
// Serve adds to s.Protocols, s.ConnContext and s.Handler what it needs, so a server is served once.
func Serve(s *http.Server, l *Listener) error {
	if s.Protocols == nil {
		s.Protocols = new(http.Protocols)
		s.Protocols.SetHTTP1(true)
		s.Protocols.SetHTTP2(true)
	}
	// What net/http takes for cleartext is the plaintext of the connection.
	s.Protocols.SetUnencryptedHTTP2(s.Protocols.HTTP2())
	s.ConnContext = withConn(s.ConnContext)
	s.Handler = withTLS(s.Handler)
	return s.Serve(l)
}

// connKey is the key of the connection in a request's context.
type connKey struct{}

// served is a connection that a server answers on.
type served struct {
	conn *Conn
	// state asks the socket once: it costs several system calls, and a connection has many requests.
	state func() *tls.ConnectionState
}

// ConnOf is the connection a request came on, from the request's context; nil outside of Serve.
func ConnOf(ctx context.Context) *Conn {
	c, _ := ctx.Value(connKey{}).(served)
	return c.conn
}

func withConn(next func(context.Context, net.Conn) context.Context) func(context.Context, net.Conn) context.Context {
	return func(ctx context.Context, c net.Conn) context.Context {
		if next != nil {
			ctx = next(ctx, c)
		}
		if ours, ok := c.(*Conn); ok {
			ctx = context.WithValue(ctx, connKey{}, served{ours, sync.OnceValue(ours.connectionState)})
		}
		return ctx
	}
}

func withTLS(next http.Handler) http.Handler {
	if next == nil {
		next = http.DefaultServeMux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(served); ok {
			r.TLS = c.state()
		}
		next.ServeHTTP(w, r)
	})
}

// connectionState is what net/http says of a connection. A connection that has broken since has the zero state.
func (c *Conn) connectionState() *tls.ConnectionState {
	state := &tls.ConnectionState{HandshakeComplete: true}
	s, err := c.State()
	if err != nil {
		return state
	}
	state.Version, state.DidResume = uint16(s.Version), s.Resumed
	state.NegotiatedProtocol, state.ServerName = s.ALPN, s.ServerName
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		if suite.Name == s.Cipher {
			state.CipherSuite = suite.ID
		}
	}
	state.PeerCertificates, _ = c.PeerCertificates()
	return state
}
