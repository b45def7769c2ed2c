package service

import (
	"strings"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
)

// complain logs what a profile would refuse if it were enforced.
func (s *Service) complain(a admitted, refused string) {
	s.log.Warn("complain", "profile", a.decision.Profile.Name, "exe", a.question.app.Exe, "remote", a.question.dest.Addr,
		"refused", refused)
	if s.note == nil {
		return
	}
	r := a.question.draft(api.Connection)
	r.Decision, r.Complaints = api.Complained, []string{refused}
	a.question.decide(&r, &a.decision)
	s.note(r)
}

// review logs what of a finished handshake the profile would not allow if it were enforced.
func (s *Service) review(a admitted, state engine.State) {
	if a.enforced == nil {
		return
	}
	n := policy.Negotiated{
		Version: state.Version, Cipher: state.Cipher, Group: state.Group,
		Server: a.question.role == policy.Server, PeerCertificate: len(state.Peer) > 0,
	}
	if refused := a.enforced.Refused(n); len(refused) > 0 {
		s.complain(a, strings.Join(refused, ", "))
	}
}

// record logs the exceptions from the floor that a socket makes use of.
func (s *Service) record(a admitted) {
	for _, e := range a.decision.Exceptions {
		s.log.Warn("exception in use", "at", e.Source, "reason", e.Reason, "expires", e.Expires(), "exe", a.question.app.Exe,
			"remote", a.question.dest.Addr)
	}
}
