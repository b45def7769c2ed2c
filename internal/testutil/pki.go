package testutil

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"testing"
	"time"
)

// A KeyType is an algorithm for a private key.
type KeyType int

// The key types.
const (
	// EC is ECDSA on P-256.
	EC KeyType = iota
	// RSA is RSA with 2048 bits.
	RSA
	// Ed25519 is EdDSA (RFC 8032).
	Ed25519
)

// Leaf says what a certificate is to hold. The zero Leaf is valid for an hour, for servers and clients alike,
// and names nobody.
type Leaf struct {
	// CommonName is the subject; the first of Names when empty.
	CommonName string
	// Names and IPs are the subject alternative names.
	Names []string
	IPs   []net.IP
	// NotBefore and NotAfter default to an hour around now.
	NotBefore, NotAfter time.Time
	Key                 KeyType
	// CA gives the certificate the right to sign others. Without it a certificate still can, but nobody
	// should believe what it signed.
	CA bool
	// ExtKeyUsage defaults to server and client authentication.
	ExtKeyUsage []x509.ExtKeyUsage
}

// A CA signs certificates. Its files lie in a directory that ends with the test.
type CA struct {
	// Path is the PEM file of the root, the one to trust.
	Path string
	Cert *x509.Certificate
	// above are the certificates between this one and the root, nearest first, this one included.
	above []*x509.Certificate
	key   crypto.Signer
	dir   string
}

// A Certificate is a chain and its key, as files, in the forms programs want.
type Certificate struct {
	// Chain and Key are paths of PEM files; Chain has the leaf first and leaves the root out.
	Chain, Key string
	// Intermediates is the path of a PEM file with the chain after the leaf.
	Intermediates string
	// ChainPEM and KeyPEM are what is in them.
	ChainPEM, KeyPEM []byte
	X509             *x509.Certificate
}

// NewCA makes a root with a common name of its own.
func NewCA(t testing.TB, commonName string) *CA {
	t.Helper()
	key := newKey(t, EC)
	tmpl := template(Leaf{CommonName: commonName, CA: true})
	cert := sign(t, tmpl, key.Public(), issuer{tmpl, key})
	dir := t.TempDir()
	return &CA{Path: writePEM(t, dir, "ca.pem", certPEM(cert)), Cert: cert, key: key, dir: dir}
}

// Issue signs a leaf.
func (ca *CA) Issue(t testing.TB, l Leaf) Certificate {
	t.Helper()
	key := newKey(t, l.Key)
	cert := sign(t, template(l), key.Public(), issuer{ca.Cert, ca.key})
	return files(t, ca.dir, key, append([]*x509.Certificate{cert}, ca.above...))
}

// Intermediate makes an authority below this one. With l.CA false it lacks the right to be one.
func (ca *CA) Intermediate(t testing.TB, l Leaf) *CA {
	t.Helper()
	key := newKey(t, l.Key)
	cert := sign(t, template(l), key.Public(), issuer{ca.Cert, ca.key})
	return &CA{Path: ca.Path, Cert: cert, above: append([]*x509.Certificate{cert}, ca.above...), key: key, dir: ca.dir}
}

// SelfSigned makes a certificate that nobody else vouches for.
func SelfSigned(t testing.TB, l Leaf) Certificate {
	t.Helper()
	key := newKey(t, l.Key)
	tmpl := template(l)
	cert := sign(t, tmpl, key.Public(), issuer{tmpl, key})
	return files(t, t.TempDir(), key, []*x509.Certificate{cert})
}

func template(l Leaf) *x509.Certificate {
	cn, notBefore, notAfter := l.CommonName, l.NotBefore, l.NotAfter
	if cn == "" && len(l.Names) > 0 {
		cn = l.Names[0]
	}
	if notBefore.IsZero() {
		notBefore = time.Now().Add(-time.Hour)
	}
	if notAfter.IsZero() {
		notAfter = time.Now().Add(time.Hour)
	}
	usage := l.ExtKeyUsage
	if usage == nil && !l.CA {
		usage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	c := &x509.Certificate{
		Subject:     pkix.Name{Organization: []string{"Secure Socket API tests"}, CommonName: cn},
		NotBefore:   notBefore,
		NotAfter:    notAfter,
		DNSNames:    l.Names,
		IPAddresses: l.IPs,
		ExtKeyUsage: usage,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		IsCA:        l.CA,
		// Without basic constraints a version 3 certificate is no authority (RFC 5280, section 4.2.1.9).
		BasicConstraintsValid: l.CA,
	}
	if l.Key == RSA {
		c.KeyUsage |= x509.KeyUsageKeyEncipherment
	}
	if l.CA {
		c.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	return c
}

// An issuer is whose name and key go into a certificate.
type issuer struct {
	cert *x509.Certificate
	key  crypto.Signer
}

func sign(t testing.TB, tmpl *x509.Certificate, public crypto.PublicKey, by issuer) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		t.Fatalf("choose serial number: %v", err)
	}
	tmpl.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, tmpl, by.cert, public, by.key)
	if err != nil {
		t.Fatalf("sign certificate of %s: %v", tmpl.Subject, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("parse certificate of %s: %v", tmpl.Subject, err)
	}
	return cert
}

func newKey(t testing.TB, k KeyType) crypto.Signer {
	t.Helper()
	var key crypto.Signer
	var err error
	switch k {
	case EC:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case Ed25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatalf("make key: %v", err)
	}
	return key
}
