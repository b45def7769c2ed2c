package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// An Entity is a certificate with its key. Of one that is too odd to be parsed, Raw is all there is.
type Entity struct {
	*x509.Certificate
	Key crypto.Signer
}

// An Edit changes what a certificate is to hold.
type Edit func(*x509.Certificate)

// NewKey makes a key that is made fast and is strong enough: ECDSA on P-256.
func NewKey(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	return key
}

// Root makes an authority that signs itself.
func Root(t testing.TB, name string, edits ...Edit) *Entity {
	t.Helper()
	return SelfSigned(t, append([]Edit{Authority(name)}, edits...)...)
}

// SelfSigned makes a certificate that nobody else vouches for.
func SelfSigned(t testing.TB, edits ...Edit) *Entity {
	t.Helper()
	key, tmpl := NewKey(t), template(t, edits)
	return &Entity{sign(t, tmpl, key, &Entity{tmpl, key}), key}
}

// Issue makes a certificate signed by e, valid for a day before and after now. What is not in the edits is not in it.
func (e *Entity) Issue(t testing.TB, edits ...Edit) *Entity {
	t.Helper()
	return e.IssueFor(t, NewKey(t), edits...)
}

// IssueFor makes a certificate for a key that exists.
func (e *Entity) IssueFor(t testing.TB, key crypto.Signer, edits ...Edit) *Entity {
	t.Helper()
	return &Entity{sign(t, template(t, edits), key, e), key}
}

// Files writes the chain, leaf first, and the key of its leaf to files.
func Files(t testing.TB, chain ...*Entity) testutil.Certificate {
	t.Helper()
	return testutil.Files(t, chain[0].Key, Plain(chain...))
}

// Plain is the certificates alone.
func Plain(chain ...*Entity) []*x509.Certificate {
	certs := make([]*x509.Certificate, len(chain))
	for i, e := range chain {
		certs[i] = e.Certificate
	}
	return certs
}

func serialNumber(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatalf("choose serial number: %v", err)
	}
	return n
}

func template(t testing.TB, edits []Edit) *x509.Certificate {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	c := &x509.Certificate{SerialNumber: serialNumber(t), NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * time.Hour)}
	for _, edit := range edits {
		edit(c)
	}
	return c
}

func sign(t testing.TB, tmpl *x509.Certificate, key crypto.Signer, by *Entity) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by.Certificate, key.Public(), by.Key)
	if err != nil {
		t.Fatalf("sign certificate of %s: %v", tmpl.Subject, err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return &x509.Certificate{Raw: der}
	}
	return c
}

// Readable says whether the certificate can be parsed.
func (e *Entity) Readable() bool { return e.PublicKey != nil }
