package engine

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
)

// Listener makes the connections of a listener TLS 1.3, with one chain and key in PEM. The handshake is done by the first
// read or write of a connection. The certificate is that of the chain, for telling others its key.
func Listener(l net.Listener, chain, key []byte) (net.Listener, *x509.Certificate, error) {
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		return nil, nil, fmt.Errorf("load certificate and key: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, SessionTicketsDisabled: true, Certificates: []tls.Certificate{pair}}
	return tls.NewListener(l, config), pair.Leaf, nil
}
