package service

import (
	"crypto/sha256"
	"sync"

	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/verify"
)

// storesMax bounds the trust stores kept parsed. A program usually has one.
const storesMax = 16

// storeMax bounds a file that the policy names, in bytes: several times what a system store holds.
const storeMax = 4 << 20

// stores keeps trust stores parsed: a bundle has hundreds of certificates and comes with every option and
// connection.
type stores struct {
	system *verify.Store

	mu    sync.Mutex
	known map[[sha256.Size]byte]*verify.Store
}

func newStores(paths []string) *stores {
	return &stores{system: verify.SystemStore(paths), known: map[[sha256.Size]byte]*verify.Store{}}
}

// given is the trust store for a program's anchors in PEM.
func (s *stores) given(pem []byte) (*verify.Store, error) {
	return s.parsed("", pem, func() (*verify.Store, error) {
		certs, err := keys.ParseAnchors(pem)
		if err != nil {
			return nil, err
		}
		return verify.NewStore("the certificates of TLS_TRUSTED_PEER_CERTIFICATES", certs), nil
	})
}

// parsed is the store of a name made of a text, which is parsed when it is not known.
func (s *stores) parsed(name string, text []byte, parse func() (*verify.Store, error)) (*verify.Store, error) {
	sum := sha256.Sum256(append([]byte(name+"\x00"), text...))
	s.mu.Lock()
	known := s.known[sum]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	fresh, err := parse()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= storesMax {
		clear(s.known)
	}
	s.known[sum] = fresh
	return fresh, nil
}
