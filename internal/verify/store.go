// Package verify decides whether a peer's certificate chain is to be believed: who vouches for it, for which name,
// for what use and at what time. It knows no connection and no protocol version.
package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"path/filepath"
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

// Additions is the directory with the administrator's additions to the system's trust store.
const Additions = "/etc/ssa/trust.d"

// A SystemConfig says where the system's trust store is.
type SystemConfig struct {
	// Paths are files of which the first that exists is read.
	Paths []string
	// Additions is a directory with more, in files *.pem; empty is none.
	Additions string
	// Open opens an addition; nil is os.Open.
	Open func(path string) (*os.File, error)
}

// SystemStore reads the system's trust store and the additions to it, once, when the first peer is verified. No
// environment variable moves it: the environment belongs to the program that is to be protected from itself.
func SystemStore(c SystemConfig) *Store {
	return &Store{name: "the system's trust store", load: sync.OnceValues(func() (anchors, error) {
		base, err := readFirst(c.Paths)
		if err != nil || c.Additions == "" {
			return base, err
		}
		more, err := ReadAdditions(c)
		if err != nil {
			return anchors{}, err
		}
		for _, a := range more {
			base.certs = append(base.certs, a.Certs...)
		}
		return collect(base.certs), nil
	})}
}

// An Addition is a file of additional trust anchors.
type Addition struct {
	Path  string
	Certs []*x509.Certificate
}

// additionMax bounds such a file, in bytes.
const additionMax = 4 << 20

// ReadAdditions reads the files of the directory, sorted by name. One that cannot be used makes all of them unusable:
// what an administrator has added must not be missing silently.
func ReadAdditions(c SystemConfig) ([]Addition, error) {
	open := c.Open
	if open == nil {
		open = os.Open
	}
	paths, err := filepath.Glob(filepath.Join(c.Additions, "*.pem"))
	if err != nil {
		return nil, err
	}
	var all []Addition
	for _, path := range paths {
		certs, err := readAddition(open, path)
		if err != nil {
			return nil, fmt.Errorf("read the additions to the system's trust store: %w", err)
		}
		all = append(all, Addition{path, certs})
	}
	return all, nil
}

func readAddition(open func(string) (*os.File, error), path string) ([]*x509.Certificate, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, additionMax))
	if err != nil {
		return nil, err
	}
	certs := parseLenient(text)
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return certs, nil
}

// ReadSystem reads the system's trust store without additions, and says which file that is.
func ReadSystem(paths []string) (string, []*x509.Certificate, error) {
	a, err := readFirst(paths)
	for _, p := range paths {
		if _, missing := os.Stat(p); missing == nil {
			return p, a.certs, err
		}
	}
	return "", nil, err
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
