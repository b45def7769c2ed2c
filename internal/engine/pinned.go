package engine

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"
)

// What the service asks others by itself, such as notaries, goes over TLS 1.3 without sessions, and with nothing of a
// program's policy. The files pinned.go, observe.go and serve.go are for that.

// Pin is the SHA-256 digest of a SubjectPublicKeyInfo (RFC 7469, section 2.4).
type Pin = [sha256.Size]byte

// Pinned does the client's side of a handshake with a server that is known by its key alone: one of the pins must be that
// of its certificate, and neither name, authority nor period counts. It owns c when there is no error. Whoever reads and
// writes the result sets deadlines.
func Pinned(ctx context.Context, c net.Conn, pins []Pin) (net.Conn, error) {
	t := tls.Client(c, &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		InsecureSkipVerify:     true, // VerifyConnection does
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errors.New("the server sent no certificate")
			}
			if pin := PinOf(s.PeerCertificates[0]); !slices.Contains(pins, pin) {
				return fmt.Errorf("the server has another key than it should: its SHA-256 is %x", pin)
			}
			return nil
		},
	})
	if err := t.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return t, nil
}

// PinOf is the pin of a certificate's key.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }
