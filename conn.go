package ssa

import (
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"net"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A Conn is a connection over TLS. What is read and written is plaintext. Its methods are those of net.TCPConn, with
// deadlines, CloseWrite and the fast paths of io.Copy: CloseWrite sends close_notify, and io.EOF was the peer's
// close_notify. A connection that ended without it gives ECONNRESET.
type Conn struct{ *net.TCPConn }

// State is what a handshake has led to.
type State struct {
	// ID identifies the connection in logs and for `ssa policy explain`.
	ID uint64
	// Version is VersionTLS12 or another of these constants.
	Version int
	// Cipher is the IANA name of the cipher suite.
	Cipher string
	// ALPN is the protocol that was selected; empty is none.
	ALPN string
	// ServerName is the name the client asked for.
	ServerName string
	// PeerIdentity is the subject of the verified certificate of the peer; empty for a client without one.
	PeerIdentity string
	// Resumed is whether there was a session to resume.
	Resumed bool
}

// State reads what the handshake has led to.
func (c *Conn) State() (State, error) {
	var s State
	err := c.ask(func(fd linux.FD) error {
		r := reader{fd: fd}
		s = State{
			ID: r.id(TLSID), Version: r.number(TLSChosenVersion), Cipher: r.text(TLSChosenCipher), ALPN: r.text(TLSALPN),
			PeerIdentity: r.text(TLSPeerIdentity), Resumed: r.number(TLSResumedSession) != 0,
		}
		if s.ServerName = r.text(TLSHostname); s.ServerName == "" {
			s.ServerName = r.text(TLSRemoteHostname)
		}
		return r.err
	})
	return s, err
}

// PeerCertificates are what the peer sent, leaf first; none for a client without a certificate.
func (c *Conn) PeerCertificates() ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	err := c.ask(func(fd linux.FD) error {
		text, err := optionBytes(fd, TLSPeerCertificateChain)
		for err == nil {
			var block *pem.Block
			if block, text = pem.Decode(text); block == nil {
				break
			}
			var cert *x509.Certificate
			cert, err = x509.ParseCertificate(block.Bytes)
			chain = append(chain, cert)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return chain, nil
}

// LastError is the text of the last failure on this socket, as TLS_ERROR has it; empty is none.
func (c *Conn) LastError() string {
	var text string
	_ = c.ask(func(fd linux.FD) (err error) { text, err = optionText(fd, TLSError); return err })
	return text
}

// ask has fn see the descriptor.
func (c *Conn) ask(fn func(linux.FD) error) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var result error
	if err := raw.Control(func(fd uintptr) { result = fn(linux.FD(fd)) }); err != nil {
		return err
	}
	return result
}

// reader reads options until one cannot be read.
type reader struct {
	fd  linux.FD
	err error
}

func (r *reader) text(option int) string {
	if r.err != nil {
		return ""
	}
	var s string
	s, r.err = optionText(r.fd, option)
	return s
}

func (r *reader) number(option int) int {
	if r.err != nil {
		return 0
	}
	var n int
	n, r.err = optionInt(r.fd, option)
	return n
}

func (r *reader) id(option int) uint64 {
	if r.err != nil {
		return 0
	}
	var b []byte
	if b, r.err = optionBytes(r.fd, option); len(b) < 8 {
		return 0
	}
	return binary.NativeEndian.Uint64(b)
}
