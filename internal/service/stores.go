package service

import (
	"crypto/sha256"
	"sync"

	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/verify"
)

// storesMax bounds the trust stores kept parsed. A program usually has one.
const storesMax = 16

// stores keeps trust stores parsed: a bundle has hundreds of certificates and comes with every option and
// connection.
type stores struct {
	system *verify.Store

	mu    sync.Mutex
	given map[[sha256.Size]byte]*verify.Store
}

func newStores(paths []string) *stores {
	return &stores{system: verify.SystemStore(paths), given: map[[sha256.Size]byte]*verify.Store{}}
}

// store is the trust store for anchors in PEM, the system's when there are none given.
func (s *stores) store(pem []byte) (*verify.Store, error) {
	if pem == nil {
		return s.system, nil
	}
	sum := sha256.Sum256(pem)
	s.mu.Lock()
	known := s.given[sum]
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
	if len(s.given) >= storesMax {
		clear(s.given)
	}
	s.given[sum] = fresh
	return fresh, nil
}
