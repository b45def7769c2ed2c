// Package keys reads certificate chains and private keys from PEM, and holds them. It opens no file and knows no
// connection; a key's bytes never appear in an error or a log.
package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"

	"github.com/securesocketapi/ssa/abi"
)

// RSABitsMin is the smallest RSA key of an own certificate (RFC 9325, section 4.4).
const RSABitsMin = 2048

// A Credential is a certificate chain and the key that signs for its leaf.
type Credential struct {
	// Chain has the leaf first.
	Chain []*x509.Certificate
	// Signer is nil as long as the program has set the chain only.
	Signer crypto.Signer
	// Staple is sent along by a server; empty is none.
	Staple Staple
}

// Load parses a credential and checks that the key belongs to the leaf. A malformed value is abi.Invalid, a key
// that does not match or that no peer would accept is abi.Rejected.
func Load(c abi.Credential) (Credential, error) { return LoadWith(c, ParseKey) }

// LoadWith is Load with another way from the text of a key to its signer.
func LoadWith(c abi.Credential, parse func([]byte) (crypto.Signer, error)) (Credential, error) {
	chain, err := ParseChain(c.Chain)
	if err != nil {
		return Credential{}, err
	}
	if err := usable(chain[0]); err != nil {
		return Credential{}, err
	}
	if c.Key == nil {
		return Credential{Chain: chain}, nil
	}
	signer, err := parse(c.Key)
	if err != nil {
		return Credential{}, err
	}
	return Credential{Chain: chain, Signer: signer}, match(chain, signer)
}

// WithSigner is Load for a chain whose key is held elsewhere; nil is no key yet.
func WithSigner(c abi.Credential, signer crypto.Signer) (Credential, error) {
	if signer != nil {
		c.Key = []byte{} // there is one
	}
	return LoadWith(c, func([]byte) (crypto.Signer, error) { return signer, nil })
}

// usable refuses keys that TLS cannot use or that peers refuse.
func usable(leaf *x509.Certificate) error {
	switch pub := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() < RSABitsMin {
			return abi.Failf(abi.Rejected, "TLS_CERTIFICATE_CHAIN: the certificate of %s has an RSA key of %d bits; at least %d are needed",
				leaf.Subject, pub.N.BitLen(), RSABitsMin)
		}
	case *ecdsa.PublicKey:
		if pub.Curve == elliptic.P224() {
			return abi.Failf(abi.Rejected, "TLS_CERTIFICATE_CHAIN: the certificate of %s has a key on the curve P-224, "+
				"which TLS has no signature for; use P-256", leaf.Subject)
		}
	case ed25519.PublicKey:
	default:
		return abi.Failf(abi.Rejected, "TLS_CERTIFICATE_CHAIN: the certificate of %s has a key of a kind TLS cannot use (%s); "+
			"use ECDSA, RSA or Ed25519", leaf.Subject, leaf.PublicKeyAlgorithm)
	}
	return nil
}

// match checks that the key is the leaf's.
func match(chain []*x509.Certificate, signer crypto.Signer) error {
	pub, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if ok && pub.Equal(chain[0].PublicKey) {
		return nil
	}
	for i, c := range chain[1:] {
		if ok && pub.Equal(c.PublicKey) {
			return abi.Failf(abi.Rejected, "TLS_PRIVATE_KEY: the key belongs to certificate %d of the chain (%s), not to the first; "+
				"put the certificate of the key first in TLS_CERTIFICATE_CHAIN", i+2, c.Subject)
		}
	}
	return abi.Failf(abi.Rejected, "TLS_PRIVATE_KEY: the %s key does not belong to the certificate set last (%s, %s)",
		kindOf(signer.Public()), chain[0].Subject, kindOf(chain[0].PublicKey))
}

// kindOf names a key by its algorithm.
func kindOf(pub crypto.PublicKey) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	}
	return "unknown"
}
