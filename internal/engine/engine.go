// Package engine does TLS: the handshake of either side, and sessions kept for resumption. It is the only importer
// of crypto/tls. It knows no policy but the settings it is given, and no certificate but through a verifier.
//
// The life of a connection, file by file:
//
//  1. accept.go takes a server's connection from its listening socket.
//  2. config.go turns settings into what crypto/tls understands.
//  3. client.go or server.go adds what its side needs; choose.go picks a server's certificate, cache.go and
//     ticket.go the session to resume, keep.go what outlives the engine of both.
//  4. handshake.go runs the handshake, failure.go and alert.go say why it did not succeed.
//  5. session.go carries the data, with records.go for TLS 1.3 and library.go for older versions, over stream.go.
package engine

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Config is what an engine needs.
type Config struct {
	// Now is the clock for the life of sessions.
	Now func() time.Time
	// Sessions bounds the sessions kept for clients; 0 is 1024.
	Sessions int
	// ClientSessions and TicketKeys keep the sessions of clients and the ticket keys of servers beyond the life of the
	// engine; nil keeps them in memory only.
	ClientSessions, TicketKeys Store
}

// A Store keeps secrets, until a time at most. It may lose any.
type Store interface {
	Put(id [32]byte, until time.Time, secret []byte)
	Get(id [32]byte) (secret []byte, ok bool)
	Remove(id [32]byte)
}

// An Engine does handshakes and holds what outlives a connection: the sessions of clients and the ticket keys of
// servers, both apart for each application. It is safe for concurrent use.
type Engine struct {
	now      func() time.Time
	sessions *sessions
	vault    *vault
}

// New makes an engine.
func New(c Config) *Engine {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sessions == 0 {
		c.Sessions = 1024
	}
	return &Engine{
		now: c.Now, sessions: newSessions(c.Sessions, c.ClientSessions), vault: newVault(c.Now, c.TicketKeys),
	}
}

// A Credential is a certificate chain, leaf first, with the key that signs for its leaf.
type Credential struct {
	Chain  []*x509.Certificate
	Signer crypto.Signer
	// Staple is an OCSP response for the leaf, DER, that a server sends along until StapleEnd; empty is none, a zero
	// time never.
	Staple    []byte
	StapleEnd time.Time
}

// certificate is the credential in the form of crypto/tls.
func (c Credential) certificate() tls.Certificate {
	t := tls.Certificate{PrivateKey: c.Signer, Leaf: c.Chain[0]}
	for _, cert := range c.Chain {
		t.Certificate = append(t.Certificate, cert.Raw)
	}
	return t
}

// A Peer is what the other side has shown of itself. In a resumed session it is what it showed in the first handshake.
type Peer struct {
	// Chain are its certificates, leaf first.
	Chain []*x509.Certificate
	// OCSP is the response it stapled (RFC 6066, section 8), SCTs the timestamps it sent (RFC 6962, section 3.3.1).
	OCSP []byte
	SCTs [][]byte
}

// A Verifier decides about the peer of one connection. What it returns becomes the handshake's error.
type Verifier interface {
	Verify(p Peer) error
}

func peerOf(s tls.ConnectionState) Peer {
	return Peer{Chain: s.PeerCertificates, OCSP: s.OCSPResponse, SCTs: s.SignedCertificateTimestamps}
}
