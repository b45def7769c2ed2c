// Package verify decides whether a peer's certificate chain is to be believed: who vouches for it, for which name,
// for what use and at what time. It knows no connection and no protocol version.
package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"strings"
	"sync"
)

// A Store is a set of trust anchors.
type Store struct {
	name string
	load func() (anchors, error)
}

// anchors is a loaded store.
type anchors struct {
	certs []*x509.Certificate
	pool  *x509.CertPool
	hash  [sha256.Size]byte
}

// SystemPaths are the files in which distributions keep the trust anchors of the machine, most common first.
func SystemPaths() []string {
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Arch, Alpine, Gentoo
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL 6 to 9
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL 7 and later
		"/etc/ssl/ca-bundle.pem",                            // openSUSE
		"/etc/ssl/cert.pem",                                 // Alpine, Void
	}
}

// SystemStore reads the first of the given files that exists, once, when the first peer is verified. No
// environment variable moves it: the environment belongs to the program that is to be protected from itself.
func SystemStore(paths []string) *Store {
	return &Store{
		name: "the system's trust store",
		load: sync.OnceValues(func() (anchors, error) { return readFirst(paths) }),
	}
}

// NewStore makes a store of given anchors. The name is what error texts call it.
func NewStore(name string, certs []*x509.Certificate) *Store {
	a := collect(certs)
	return &Store{name: name, load: func() (anchors, error) { return a, nil }}
}

// Hash identifies the anchors, for keeping sessions of different stores apart.
func (s *Store) Hash() ([sha256.Size]byte, error) {
	a, err := s.load()
	return a.hash, err
}

// Subjects is a pool of the anchors, for naming them in a certificate request.
func (s *Store) Subjects() (*x509.CertPool, error) {
	a, err := s.load()
	return a.pool, err
}

func collect(certs []*x509.Certificate) anchors {
	a := anchors{certs: certs, pool: x509.NewCertPool()}
	h := sha256.New()
	for _, c := range certs {
		a.pool.AddCert(c)
		sum := sha256.Sum256(c.Raw)
		h.Write(sum[:])
	}
	h.Sum(a.hash[:0])
	return a
}

func readFirst(paths []string) (anchors, error) {
	for _, p := range paths {
		text, err := os.ReadFile(p)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			return anchors{}, fmt.Errorf("read the system's trust store: %w", err)
		}
		a := collect(parseLenient(text))
		if len(a.certs) == 0 {
			return anchors{}, fmt.Errorf("the system's trust store %s holds no certificate", p)
		}
		return a, nil
	}
	return anchors{}, fmt.Errorf("this system has no trust store (looked for %s); install the package ca-certificates",
		strings.Join(paths, ", "))
}

// parseLenient passes over certificates it cannot parse: a store with one odd root still serves the others.
func parseLenient(text []byte) []*x509.Certificate {
	var certs []*x509.Certificate
	for {
		var b *pem.Block
		if b, text = pem.Decode(text); b == nil {
			return certs
		}
		if b.Type != "CERTIFICATE" {
			continue
		}
		if c, err := x509.ParseCertificate(b.Bytes); err == nil {
			certs = append(certs, c)
		}
	}
}
