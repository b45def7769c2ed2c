package service

import (
	"context"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify"
)

// admitted is a request that may be honoured, with everything in it parsed.
type admitted struct {
	settings    policy.Settings
	credentials []keys.Credential
	store       *verify.Store
}

// Admit implements socket.Service.
func (s *Service) Admit(_ context.Context, _ socket.App, r abi.Request) (socket.Effective, error) {
	a, err := s.admit(r)
	if err != nil {
		return socket.Effective{}, err
	}
	e := socket.Effective{
		VersionMin:   a.settings.VersionMin,
		VersionMax:   a.settings.VersionMax,
		Ciphers:      a.settings.Ciphers,
		SessionTTL:   a.settings.SessionTTL,
		SessionReuse: a.settings.SessionReuse,
	}
	if len(a.credentials) > 0 {
		e.Chain = keys.EncodeChain(a.credentials[0].Chain)
	}
	return e, nil
}

func (s *Service) admit(r abi.Request) (a admitted, err error) {
	if a.settings, err = policy.Narrow(s.policy, r); err != nil {
		return admitted{}, err
	}
	if a.settings, err = s.caps.Fit(a.settings); err != nil {
		return admitted{}, err
	}
	if len(r.Credentials) > abi.CredentialsMax {
		return admitted{}, abi.Failf(abi.Exhausted, "TLS_CERTIFICATE_CHAIN: more than %d chains", abi.CredentialsMax)
	}
	for _, c := range r.Credentials {
		credential, err := keys.Load(c)
		if err != nil {
			return admitted{}, err
		}
		a.credentials = append(a.credentials, credential)
	}
	a.store, err = s.stores.store(r.TrustAnchors)
	return a, err
}

// complete gives the credentials to the engine. Each must have its key by now.
func (a admitted) complete() ([]engine.Credential, error) {
	var all []engine.Credential
	for _, c := range a.credentials {
		if c.Signer == nil {
			return nil, abi.Failf(abi.Invalid, "TLS_CERTIFICATE_CHAIN was set for %s, but not TLS_PRIVATE_KEY after it",
				verify.Identity(c.Chain[0]))
		}
		all = append(all, engine.Credential{Chain: c.Chain, Signer: c.Signer})
	}
	return all, nil
}

// trust is the digest of the trust anchors. Without any, verification fails and says why.
func (a admitted) trust() (hash [32]byte) {
	if h, err := a.store.Hash(); err == nil {
		hash = h
	}
	return hash
}
