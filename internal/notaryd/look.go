package notaryd

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/verify/notary"
)

var errBusy = errors.New("the notary looks at too many servers already")

// look gives what was seen at a server and when it was looked at last, which is now unless it was a moment ago. The error
// is why nothing was seen this time.
func (s *Server) look(ctx context.Context, t target) ([]notary.Observation, time.Time, error) {
	now := s.config.Now()
	if p, ok := s.book.recent(t, now); ok {
		return p.seen, p.looked, p.failed
	}
	select {
	case s.looks <- struct{}{}:
		defer func() { <-s.looks }()
	default:
		return nil, now, errBusy
	}
	chain, err := s.chain(ctx, t)
	if errors.Is(err, fetch.ErrForbidden) {
		return nil, now, err
	}
	return s.book.enter(t, now, chain, err), now, err
}

// chain is what the server shows now.
func (s *Server) chain(ctx context.Context, t target) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	c, err := fetch.Dial(ctx, s.config.Allow, t.address())
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	chain, err := engine.Observe(ctx, c, t.host)
	if err == nil && len(chain) == 0 {
		err = errors.New("the server sent no certificate")
	}
	return chain, err
}

// observation is what is kept of a chain.
func observation(leaf *x509.Certificate, now time.Time) notary.Observation {
	return notary.Observation{Certificate: sha256.Sum256(leaf.Raw), Key: engine.PinOf(leaf), First: now, Last: now}
}
