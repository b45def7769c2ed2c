package keys

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// Bounds on what is read from one value.
const (
	// ChainMax bounds the certificates of a chain.
	ChainMax = 32
	// AnchorsMax bounds trust anchors: several times what a system store holds.
	AnchorsMax = 1024
	blocksMax  = 2 * AnchorsMax
)

const certificateBlock = "CERTIFICATE"

// ParseChain reads a chain from PEM, leaf first. Blocks of other kinds are passed over, so that one file can hold
// chain and key. Errors are abi.Invalid.
func ParseChain(text []byte) ([]*x509.Certificate, error) {
	return certificates(text, abi.TLSCertificateChain, ChainMax)
}

// ParseAnchors reads trust anchors from PEM. Errors are abi.Invalid.
func ParseAnchors(text []byte) ([]*x509.Certificate, error) {
	return certificates(text, abi.TLSTrustedPeerCertificates, AnchorsMax)
}

// EncodeChain is the PEM of certificates alone, without text around them.
func EncodeChain(chain []*x509.Certificate) []byte {
	var b bytes.Buffer
	for _, c := range chain {
		// A bytes.Buffer does not fail.
		_ = pem.Encode(&b, &pem.Block{Type: certificateBlock, Bytes: c.Raw})
	}
	return b.Bytes()
}

func certificates(text []byte, o abi.Option, limit int) ([]*x509.Certificate, error) {
	blocks, err := decode(text, o)
	if err != nil {
		return nil, err
	}
	var certs []*x509.Certificate
	for _, b := range blocks {
		if b.Type != certificateBlock && b.Type != "X509 CERTIFICATE" && b.Type != "TRUSTED CERTIFICATE" {
			continue
		}
		c, err := certificate(b)
		if err != nil {
			return nil, abi.Failf(abi.Invalid, "%s: certificate %d: %w", o, len(certs)+1, err)
		}
		if certs = append(certs, c); len(certs) > limit {
			return nil, abi.Failf(abi.Invalid, "%s: more than %d certificates", o, limit)
		}
	}
	if len(certs) == 0 {
		return nil, abi.Failf(abi.Invalid, "no certificate in the PEM given as %s; found %s", o, found(blocks))
	}
	return certs, nil
}

func certificate(b *pem.Block) (*x509.Certificate, error) {
	if b.Type == "TRUSTED CERTIFICATE" {
		return nil, fmt.Errorf("is in OpenSSL's own form (TRUSTED CERTIFICATE); convert it with: openssl x509 -in FILE -out FILE.pem")
	}
	return x509.ParseCertificate(b.Bytes)
}

// decode splits PEM into its blocks, at least one.
func decode(text []byte, o abi.Option) ([]*pem.Block, error) {
	if len(text) > abi.ValueMax {
		return nil, abi.Failf(abi.Invalid, "%s: %d bytes are more than %d", o, len(text), abi.ValueMax)
	}
	var blocks []*pem.Block
	for rest := text; len(blocks) < blocksMax; {
		var b *pem.Block
		if b, rest = pem.Decode(rest); b == nil {
			break
		}
		blocks = append(blocks, b)
	}
	if len(blocks) == 0 {
		return nil, abi.Failf(abi.Invalid, "%s: %s", o, notPEM(text, o))
	}
	if begun := bytes.Count(text, []byte("-----BEGIN ")); begun > len(blocks) {
		return nil, abi.Failf(abi.Invalid, "%s: the PEM is damaged: %d blocks begin, %d are whole", o, begun, len(blocks))
	}
	return blocks, nil
}

// notPEM says what a value without any PEM block looks like.
func notPEM(text []byte, o abi.Option) string {
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return "the value is empty"
	case text[0] == 0x30:
		tool := "x509"
		if o == abi.TLSPrivateKey {
			tool = "pkey"
		}
		return "the value looks like DER, PEM is needed; convert it with: openssl " + tool + " -inform DER -in FILE -out FILE.pem"
	case bytes.Contains(text, []byte("-----BEGIN ")):
		return "the PEM is damaged: there is a BEGIN line, but no whole block (a missing END line, or bytes that are not base64)"
	}
	return "the value is not PEM: it has no -----BEGIN line"
}

// found lists the kinds of blocks there are.
func found(blocks []*pem.Block) string {
	var kinds []string
	for _, b := range blocks {
		kind := fmt.Sprintf("%.40s", b.Type)
		if len(kinds) < 4 && (len(kinds) == 0 || kinds[len(kinds)-1] != kind) {
			kinds = append(kinds, kind)
		}
	}
	return "a " + strings.Join(kinds, " block, a ") + " block"
}
