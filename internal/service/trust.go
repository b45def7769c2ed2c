package service

import (
	"crypto/sha256"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify"
)

// trust is by which trust stores a peer is judged.
type trust struct {
	// all must find the chain good.
	all []*verify.Store
	// enforced would have to, if the profile did not only complain; nil when it does not.
	enforced []*verify.Store
	// named is the store whose authorities a listener asks for; nil when it asks for none in particular.
	named *verify.Store
}

// trusted finds the stores: the policy's, and the program's own instead of it or besides it.
func (s *Service) trusted(a admitted) (t trust, err error) {
	anchors := a.question.request.TrustAnchors
	if t.all, err = s.storesFor(&a.settings, anchors); err != nil {
		return trust{}, err
	}
	if a.settings.TrustStore != "" || anchors != nil {
		t.named = t.all[len(t.all)-1]
	}
	if a.enforced != nil {
		t.enforced, err = s.storesFor(a.enforced, anchors)
	}
	return t, err
}

func (s *Service) storesFor(settings *policy.Settings, anchors []byte) ([]*verify.Store, error) {
	if anchors != nil && settings.HonorApplicationValidation {
		own, err := s.stores.given(anchors)
		return []*verify.Store{own}, err
	}
	base := s.stores.system.Load()
	if settings.TrustStore != "" {
		var err error
		if base, err = s.store(settings); err != nil {
			return nil, err
		}
	}
	if anchors == nil {
		return []*verify.Store{base}, nil
	}
	own, err := s.stores.given(anchors)
	return []*verify.Store{base, own}, err
}

// store is the policy's trust store.
func (s *Service) store(settings *policy.Settings) (*verify.Store, error) {
	from := settings.From(policy.KeyTrustStore)
	f, err := s.open(settings.TrustStore)
	if err == nil {
		defer func() { _ = f.Close() }()
		var store *verify.Store
		if store, err = s.stores.file(fmt.Sprintf("the trust store %s (%s)", settings.TrustStore, from), f); err == nil {
			return store, nil
		}
	}
	return nil, settings.Refuse(abi.Rejected, policy.KeyTrustStore, "cannot verify anybody: read the trust store of %s: %w", from, err)
}

// hash identifies the trust anchors. Without any, verification fails and says why.
func (t trust) hash() (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, store := range t.all {
		one, _ := store.Hash()
		h.Write(one[:])
	}
	for _, store := range t.enforced {
		one, _ := store.Hash()
		h.Write(one[:])
	}
	h.Sum(sum[:0])
	return sum
}
