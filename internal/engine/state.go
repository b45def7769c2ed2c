package engine

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
)

// State is what a handshake established.
type State struct {
	Version uint16
	// Cipher is the IANA name.
	Cipher string
	// Group is the IANA name of the key exchange group, empty where there was none.
	Group string
	ALPN  string
	// ServerName is the name the client sent (RFC 6066, section 3).
	ServerName string
	Resumed    bool
	// Peer is the chain the peer sent, leaf first. In a resumed session it is the one of the first handshake.
	Peer []*x509.Certificate
	// OCSP and SCTs are what it sent with it (engine.go).
	OCSP []byte
	SCTs [][]byte
}

// stateOf reads what a finished handshake established.
func stateOf(conn *tls.Conn) State {
	cs := conn.ConnectionState()
	return State{
		Version:    cs.Version,
		Cipher:     tls.CipherSuiteName(cs.CipherSuite),
		Group:      policy.GroupName(uint16(cs.CurveID)),
		ALPN:       cs.NegotiatedProtocol,
		ServerName: cs.ServerName,
		Resumed:    cs.DidResume,
		Peer:       cs.PeerCertificates,
		OCSP:       cs.OCSPResponse,
		SCTs:       cs.SignedCertificateTimestamps,
	}
}

// Control runs fn, which must not wait, on the TCP socket, for its options and its events. After Close it returns an error.
func (s *Session) Control(fn func(linux.FD) error) error { return s.net.with(fn) }
