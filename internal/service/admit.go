package service

import (
	"context"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify"
)

// admitted is a request that may be honoured, with everything in it parsed.
type admitted struct {
	question question
	decision policy.Decision
	// settings are those in force for the request.
	settings policy.Settings
	// enforced is what would be in force if the profile did not only complain; nil when it does not, or would
	// have refused the request.
	enforced    *policy.Settings
	credentials []keys.Credential
	trust       trust
}

// Admit implements socket.Service. A socket may still become a client of any destination, or a listener: what any of
// these could honour is admitted.
func (s *Service) Admit(_ context.Context, app socket.App, r abi.Request) (socket.Effective, error) {
	q := question{id: r.ID, app: app, dest: destination(r), request: r}
	a, err := s.admit(q)
	if err != nil {
		s.refused(api.Option, q, err, nil)
		return socket.Effective{}, err
	}
	e := socket.Effective{
		VersionMin:   a.settings.VersionMin,
		VersionMax:   a.settings.VersionMax,
		Ciphers:      a.settings.Ciphers,
		SessionTTL:   a.settings.SessionTTL,
		SessionReuse: a.settings.SessionReuse,
		Checks:       a.settings.Checks(),
		WrapListen:   a.settings.WrapListen,
		Coerce:       a.settings.Coerce.String(),
	}
	for _, w := range a.settings.Wrap {
		e.Wrap = append(e.Wrap, socket.Wrap{Host: w.Host, Port: w.Port})
	}
	switch {
	case len(a.credentials) > 0:
		e.Chain = keys.EncodeChain(a.credentials[0].Chain)
	case len(a.settings.Certificates) > 0:
		e.Chain = s.offered(a)
	}
	return e, nil
}

// offered is the chain that a listener without one gets from the policy. What prevents it is told when it listens;
// until then the chain is empty, and not nil.
func (s *Service) offered(a admitted) []byte {
	all, err := s.defaults(a.question, &a.settings)
	if err != nil {
		return []byte{}
	}
	return keys.EncodeChain(all[0].Chain)
}

// admit answers by the first decision that honours the request.
func (s *Service) admit(q question) (admitted, error) {
	var first error
	for _, d := range q.decisions(s) {
		a, err := s.honour(q, d)
		if err == nil {
			return a, nil
		}
		if first == nil {
			first = err
		}
	}
	return admitted{}, first
}

// honour applies a request to what a decision has put in force:
//
//  1. the settings, narrowed, as far as the engine can do them;
//  2. the program's own certificates, with keys that its profile grants (grant.go);
//  3. whom to trust (trust.go).
func (s *Service) honour(q question, d policy.Decision) (a admitted, err error) {
	a = admitted{question: q, decision: d}
	if a.settings, err = s.narrow(d.Settings, q.request); err != nil {
		return admitted{}, err
	}
	if d.Enforced != nil {
		enforced, err := s.narrow(*d.Enforced, q.request)
		switch {
		case err == nil:
			a.enforced = &enforced
		case q.role != policy.AnyRole:
			s.complain(a, err.Error())
		}
	}
	if a.credentials, err = s.credentials(q, &a.settings); err != nil {
		return admitted{}, err
	}
	a.trust, err = s.trusted(a)
	return a, err
}

func (s *Service) narrow(in policy.Settings, r abi.Request) (policy.Settings, error) {
	out, err := policy.Narrow(in, r)
	if err != nil {
		return policy.Settings{}, err
	}
	return s.caps.Fit(out)
}

// complete gives the credentials to the engine. Each must have its key by now.
func (a admitted) complete() ([]engine.Credential, error) {
	var all []engine.Credential
	for _, c := range a.credentials {
		if c.Signer == nil {
			return nil, abi.Failf(abi.Invalid, "TLS_CERTIFICATE_CHAIN was set for %s, but not TLS_PRIVATE_KEY after it",
				verify.Identity(c.Chain[0]))
		}
		all = append(all, engine.Credential{
			Chain: c.Chain, Signer: c.Signer, Staple: c.Staple.Response, StapleEnd: c.Staple.End,
		})
	}
	return all, nil
}
