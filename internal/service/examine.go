package service

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/panel"
)

// An Examination is what came of a connection that is made to see how its peer is judged.
type Examination struct {
	Decision policy.Decision
	// Findings are of all judges, Chain is what the peer sent.
	Findings []panel.Finding
	Chain    []*x509.Certificate
	// State is what the handshake established, when it did.
	State engine.State
	// Err is why the connection would be refused; nil when it would not.
	Err error
	// Remedy is the narrowest exception that would let it pass; nil when there is none, or none is needed.
	Remedy *Remedy
}

// Examine makes a connection as Connect does, asks every judge, keeps nothing and closes it.
func (s *Service) Examine(ctx context.Context, d socket.Dial) Examination {
	a, config, err := s.clientConfig(d)
	if err != nil {
		return Examination{Err: errors.Join(err, d.Network.Close())}
	}
	e := Examination{Decision: a.decision}
	h := s.hear(ctx, &a, judge.Question{Host: config.Name, Port: d.Remote.Port(), Remote: d.Remote, Role: judge.Server})
	h.thorough = true
	config.Settings.SessionReuse = false
	config.Verifier = h
	session, err := s.engine.Client(ctx, d.Network, config)
	e.Findings, e.Chain, e.Err = h.outcome.Findings, h.peer.Chain, err
	if err == nil {
		e.State = session.State()
		_ = session.Close() // nothing was sent
		return e
	}
	if len(e.Chain) > 0 {
		e.Remedy = h.remedy()
	}
	return e
}

// again is the outcome for the same peer under other settings.
func (h *hearing) again(settings *policy.Settings, stores trust) panel.Outcome {
	q := h.question
	q.Chain, q.OCSP, q.SCTs, q.Time = h.peer.Chain, h.peer.OCSP, h.peer.SCTs, h.service.now()
	return h.by(q, stores.all, settings)
}

// remedyDays is how long an exception lasts that a remedy proposes.
const remedyDays = 30

func remedyEnd(now time.Time) string { return now.AddDate(0, 0, remedyDays).Format(time.DateOnly) }
