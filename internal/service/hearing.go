package service

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/panel"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// hearing is the judgement of one connection's peer.
type hearing struct {
	service *Service
	asked   *admitted
	// ctx is the handshake's.
	ctx context.Context
	// question is what is known before the peer has shown anything.
	question judge.Question
	// outcome is the last one.
	outcome panel.Outcome
	// first is the question whose peer's key is kept once it has proved to have it; nil when none is.
	first *judge.Question
	// paths are those by which the peer was found good.
	paths [][]*x509.Certificate
	// peer is what the peer has shown, kept for an examination; thorough has every judge asked.
	peer     engine.Peer
	thorough bool
	// begun is when the handshake began.
	begun time.Time
}

// hear prepares the judgement of a connection's peer.
func (s *Service) hear(ctx context.Context, a *admitted, q judge.Question) *hearing {
	q.App, q.UID = a.question.app.Exe, a.question.app.UID
	return &hearing{service: s, asked: a, ctx: ctx, question: q, begun: time.Now()}
}

// Verify implements engine.Verifier. A profile that only complains refuses nothing that it would let pass if it were
// enforced.
func (h *hearing) Verify(p engine.Peer) error {
	if h.thorough {
		h.peer = p
	}
	q := h.question
	q.Chain, q.OCSP, q.SCTs, q.Time = p.Chain, p.OCSP, p.SCTs, h.service.now()
	h.outcome = h.by(q, h.asked.trust.all, &h.asked.settings)
	err := h.outcome.Err
	if h.asked.enforced == nil {
		return err
	}
	would := h.by(q, h.asked.trust.enforced, h.asked.enforced)
	if would.Err == nil {
		h.outcome = would
		return nil
	}
	if err == nil {
		h.service.complain(*h.asked, would.Err.Error())
	}
	return err
}

// by is the outcome under settings, and by trust stores.
func (h *hearing) by(q judge.Question, stores []*verify.Store, settings *policy.Settings) panel.Outcome {
	return h.after(verify.Standard{Stores: stores, RSABits: settings.Limits.RSABits}, q, settings)
}

// after is the outcome with this for standard validation.
func (h *hearing) after(standard judge.Judge, q judge.Question, settings *policy.Settings) panel.Outcome {
	rules := &settings.Validation
	q.Sources = rules.Sources
	c := panel.Case{Rules: rules, Question: &q, Thorough: h.thorough, Own: []judge.Judge{standard}}
	if rules.Rules[policy.JudgePins].Weight != policy.Off {
		c.Own = append(c.Own, h.service.pins(rules))
	}
	outcome := h.service.panel.Ask(h.ctx, c)
	if outcome.Err == nil {
		h.first, h.paths = &q, q.Paths
	}
	return outcome
}

// pins is the judge of pins under given rules.
func (s *Service) pins(rules *policy.Validation) *pins.Judge {
	return pins.New(pins.Config{Lists: rules.Pins, TrustOnFirstUse: rules.TrustOnFirstUse, Kept: s.kept})
}

// learn keeps the key of a host's first connection, now that the peer has proved to have it.
func (h *hearing) learn() error {
	rules := &h.asked.settings.Validation
	q := h.first
	h.first = nil
	if q == nil || !rules.TrustOnFirstUse || rules.Rules[policy.JudgePins].Weight == policy.Off {
		return nil
	}
	if err := h.service.pins(rules).Learn(q); err != nil {
		return &abi.Failure{Kind: abi.Rejected, Err: errors.Join(err)}
	}
	return nil
}
