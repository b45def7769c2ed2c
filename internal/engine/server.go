package engine

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
)

// ServerConfig is what the handshakes of one listener have in common.
type ServerConfig struct {
	// App is the application; sessions of different ones are kept apart.
	App      string
	Settings policy.Settings
	// Names are those the listener serves, lower case, possibly with "*" as the first label; none is all.
	Names []string
	// Local is where the listener listens.
	Local       netip.AddrPort
	ALPN        []string
	Credentials []Credential
	// ClientCAs are named to clients as the authorities whose certificates are wanted; nil names none.
	ClientCAs *x509.CertPool
	// Trust identifies the trust anchors: a session is resumed only under those it was verified with.
	Trust [32]byte
}

// A Server does the handshakes of one listener. It is safe for concurrent use.
type Server struct {
	config  ServerConfig
	choices []choice
	tls     *tls.Config
	tickets *tickets
}

// Server prepares a listener's handshakes. Every credential must have its key, and there must be one.
func (e *Engine) Server(c ServerConfig) (*Server, error) {
	s := &Server{config: c}
	for _, credential := range c.Credentials {
		s.choices = append(s.choices, newChoice(credential))
	}
	if len(s.choices) == 0 {
		return nil, abi.Failf(abi.Invalid, "a listener needs a certificate: set TLS_CERTIFICATE_CHAIN and TLS_PRIVATE_KEY")
	}
	s.tickets = &tickets{ring: e.vault.ring(c.App), context: c.context(), now: e.now, ttl: lifetime(c.Settings)}
	s.tls = e.base(c.Settings)
	s.tls.NextProtos = c.ALPN
	s.tls.GetCertificate = s.choose
	s.tls.ClientAuth = clientAuth(c.Settings.PeerAuth)
	s.tls.ClientCAs = c.ClientCAs
	s.tls.SessionTicketsDisabled = s.tickets.ttl == 0 || !c.Settings.SessionReuse
	return s, nil
}

// Accepted is one connection of a listener.
type Accepted struct {
	Network *os.File
	Remote  netip.AddrPort
	// Verifier decides about the client's certificate; it is asked only when there is one.
	Verifier Verifier
}

// Handshake does the server's side of a handshake on an accepted TCP socket. It owns the socket from the call on.
// Errors are *abi.Failure, except that a cancelled ctx gives its own error.
func (s *Server) Handshake(ctx context.Context, a Accepted) (*Session, error) {
	t := s.tls.Clone()
	t.VerifyConnection = func(cs tls.ConnectionState) error { return s.verify(a.Verifier, cs) }
	s.tickets.install(t)
	t.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if !printable(hello.ServerName) {
			return nil, fmt.Errorf("the client asked for the name %.80q, which is none", hello.ServerName)
		}
		return s.strictALPN(t, hello.SupportedProtos), nil
	}
	p := peer{address: a.Remote, timeout: s.config.Settings.Limits.HandshakeTimeout}
	return p.shake(ctx, a.Network, func(c *stream, keys *secrets) *tls.Conn {
		t.KeyLogWriter = keys
		return tls.Server(c, t)
	})
}

// strictALPN makes no overlap a no_application_protocol alert (RFC 7301, section 3.2). crypto/tls lets "http/1.1"
// pass where the server has "h2" only; a list without "h2" that nobody offers stops that.
func (s *Server) strictALPN(t *tls.Config, offered []string) *tls.Config {
	common := func(p string) bool { return slices.Contains(offered, p) }
	if len(s.config.ALPN) == 0 || len(offered) == 0 || slices.ContainsFunc(s.config.ALPN, common) {
		return nil
	}
	strict := t.Clone()
	strict.NextProtos = []string{"\x00"}
	return strict
}

// printable says whether a name can be given to a program: a NUL would end it early in C, and no host has such a
// name (RFC 6066, section 3).
func printable(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// clientAuth maps TLS_REQUEST_PEER_AUTH. Verification is the verifier's in both modes.
func clientAuth(peerAuth int) tls.ClientAuthType {
	switch peerAuth {
	case abi.PeerAuthNone:
		return tls.NoClientCert
	case abi.PeerAuthRequest:
		return tls.RequestClientCert
	}
	return tls.RequireAnyClientCert
}

// verify decides about a client's certificate, also about that of a resumed session.
func (s *Server) verify(v Verifier, cs tls.ConnectionState) error {
	if len(cs.PeerCertificates) > 0 {
		return v.Verify(peerOf(cs))
	}
	if s.config.Settings.PeerAuth == abi.PeerAuthRequire {
		return abi.Failf(abi.Rejected, "the client sent no certificate, and TLS_REQUEST_PEER_AUTH requires one")
	}
	return nil
}

// context is a digest of everything two listeners must have in common to resume each other's sessions.
func (c ServerConfig) context() [sha256.Size]byte {
	d := digest{sha256.New()}
	d.text("server", c.App)
	d.number(uint64(c.Local.Port()), uint64(c.Settings.PeerAuth), uint64(c.Settings.VersionMin), uint64(c.Settings.VersionMax))
	d.Write(c.Trust[:])
	d.texts(c.Names)
	d.texts(c.ALPN)
	d.texts(slices.Sorted(slices.Values(c.Settings.Ciphers)))
	d.texts(slices.Sorted(slices.Values(c.Settings.Groups)))
	d.credentials(c.Credentials)
	return d.sum()
}
