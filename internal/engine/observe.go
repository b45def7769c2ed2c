package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
)

// errSeen ends a handshake that was begun to look at a chain.
var errSeen = errors.New("the certificates were seen")

// Observe is the chain that a server shows for a name, leaf first. Nothing is verified, and the handshake is broken off
// once the chain is there. c stays the caller's.
func Observe(ctx context.Context, c net.Conn, name string) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	config := &tls.Config{
		MinVersion:             tls.VersionTLS12,
		SessionTicketsDisabled: true,
		InsecureSkipVerify:     true, // the chain is looked at, nothing is believed
		VerifyConnection: func(s tls.ConnectionState) error {
			chain = s.PeerCertificates
			return errSeen
		},
	}
	if _, err := netip.ParseAddr(name); err != nil {
		config.ServerName = name
	}
	err := tls.Client(c, config).HandshakeContext(ctx)
	if errors.Is(err, errSeen) {
		return chain, nil
	}
	return nil, err
}
