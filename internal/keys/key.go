package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// The labels of private keys: PKCS #8 (RFC 5958), PKCS #1 (RFC 8017, appendix A.1.2), SEC 1 (RFC 5915).
const (
	pkcs8Block = "PRIVATE KEY"
	pkcs1Block = "RSA PRIVATE KEY"
	sec1Block  = "EC PRIVATE KEY"
)

// ParseKey reads the first private key in PEM. Blocks of other kinds are passed over. Errors are abi.Invalid and
// hold nothing of the key.
func ParseKey(text []byte) (crypto.Signer, error) {
	blocks, err := decode(text, abi.TLSPrivateKey)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		if strings.HasSuffix(b.Type, pkcs8Block) {
			return parseKeyBlock(b)
		}
	}
	return nil, abi.Failf(abi.Invalid, "no private key in the PEM given as %s; found %s", abi.TLSPrivateKey, found(blocks))
}

func parseKeyBlock(b *pem.Block) (crypto.Signer, error) {
	if b.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, abi.Failf(abi.Invalid, "%s: the key is encrypted and there is nobody to ask for its passphrase; "+
			"decrypt it with: openssl pkey -in KEY -out PLAIN, and protect the file with its mode", abi.TLSPrivateKey)
	}
	var key any
	var err error
	switch b.Type {
	case pkcs8Block:
		key, err = x509.ParsePKCS8PrivateKey(b.Bytes)
	case pkcs1Block:
		key, err = x509.ParsePKCS1PrivateKey(b.Bytes)
	case sec1Block:
		key, err = x509.ParseECPrivateKey(b.Bytes)
	default:
		return nil, abi.Failf(abi.Invalid, "%s: a key in the form %.40s cannot be read; convert it to PKCS #8 (BEGIN PRIVATE KEY)",
			abi.TLSPrivateKey, b.Type)
	}
	if err != nil {
		// The parser's own words could quote what it read.
		return nil, abi.Failf(abi.Invalid, "%s: the %s block is damaged, or its contents are of another form than its label says",
			abi.TLSPrivateKey, b.Type)
	}
	return signer(key)
}

// signer admits the kinds of keys that TLS signs with.
func signer(key any) (crypto.Signer, error) {
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case *ecdsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, abi.Failf(abi.Invalid, "%s: a key for key agreement cannot sign; use ECDSA, RSA or Ed25519", abi.TLSPrivateKey)
}
