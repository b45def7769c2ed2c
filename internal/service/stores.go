package service

import (
	"crypto/sha256"
	"os"
	"sync"
	"sync/atomic"

	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/verify"
)

// storesMax bounds the trust stores kept parsed. A program usually has one.
const storesMax = 16

// fileMax bounds a file that the policy names, in bytes: several times what a system store holds.
const fileMax = 4 << 20

// stores keeps trust stores parsed: a bundle has hundreds of certificates and comes with every option and
// connection.
type stores struct {
	base verify.SystemConfig
	// system is read again when the policy is.
	system atomic.Pointer[verify.Store]

	mu    sync.Mutex
	known map[[sha256.Size]byte]*verify.Store
	files map[string]readStore
}

// readStore is a store read from a file, as the file was then.
type readStore struct {
	info  os.FileInfo
	store *verify.Store
}

func newStores(base verify.SystemConfig) *stores {
	s := &stores{base: base, known: map[[sha256.Size]byte]*verify.Store{}, files: map[string]readStore{}}
	s.renew()
	return s
}

// renew has the system's trust store and the additions to it read again.
func (s *stores) renew() { s.system.Store(verify.SystemStore(s.base)) }

// file is the store in a file, by the name of the store. It is read again when the file has changed.
func (s *stores) file(name string, f *os.File) (*verify.Store, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	have, ok := s.files[name]
	s.mu.Unlock()
	if ok && os.SameFile(have.info, info) && have.info.ModTime().Equal(info.ModTime()) && have.info.Size() == info.Size() {
		return have.store, nil
	}
	text, err := readAll(f)
	if err != nil {
		return nil, err
	}
	store, err := verify.ParseStore(name, text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) >= storesMax {
		clear(s.files)
	}
	s.files[name] = readStore{info, store}
	return store, nil
}

// given is the trust store for a program's anchors in PEM.
func (s *stores) given(pem []byte) (*verify.Store, error) {
	sum := sha256.Sum256(pem)
	s.mu.Lock()
	known := s.known[sum]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	certs, err := keys.ParseAnchors(pem)
	if err != nil {
		return nil, err
	}
	fresh := verify.NewStore("the certificates of TLS_TRUSTED_PEER_CERTIFICATES", certs)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= storesMax {
		clear(s.known)
	}
	s.known[sum] = fresh
	return fresh, nil
}
