package policy

import (
	"slices"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// loosest allows what either of two settings allows: a profile that only complains must refuse nothing that would
// pass without it, nor anything that it would let pass itself. Other values are those of the second.
func loosest(a, b Settings) Settings {
	s := b
	s.VersionMin, s.VersionMax = min(a.VersionMin, b.VersionMin), max(a.VersionMax, b.VersionMax)
	s.Ciphers, s.Groups = union(b.Ciphers, a.Ciphers), union(b.Groups, a.Groups)
	s.ALPN, s.SNI = a.ALPN || b.ALPN, a.SNI || b.SNI
	s.SessionReuse = a.SessionReuse || b.SessionReuse
	s.SessionTTL, s.SessionTTLMax = max(a.SessionTTL, b.SessionTTL), max(a.SessionTTLMax, b.SessionTTLMax)
	s.PeerAuth = min(a.PeerAuth, b.PeerAuth)
	if a.PeerAuth != b.PeerAuth {
		// Asking refuses nobody and shows who would be refused.
		s.PeerAuth = max(s.PeerAuth, abi.PeerAuthRequest)
	}
	s.HonorApplicationValidation = a.HonorApplicationValidation || b.HonorApplicationValidation
	s.TrustStore, s.ClientTrustStore = a.TrustStore, a.ClientTrustStore
	s.Keys = union(b.Keys, a.Keys)
	s.Wrap, s.WrapListen = a.Wrap, a.WrapListen // a peer without TLS would be refused
	s.Limits.RSABits = min(a.Limits.RSABits, b.Limits.RSABits)
	s.Limits.HandshakeTimeout = max(a.Limits.HandshakeTimeout, b.Limits.HandshakeTimeout)
	s.Limits.HandshakesInFlight = max(a.Limits.HandshakesInFlight, b.Limits.HandshakesInFlight)
	s.Coerce = a.Coerce // a program that is not coerced uses what it likes
	s.Validation = loosestValidation(a.Validation, b.Validation)
	return s
}

func loosestValidation(a, b Validation) Validation {
	v := a // pins add up, so that the outer ones are the fewer
	v.Threshold = min(a.Threshold, b.Threshold)
	v.TrustOnFirstUse = a.TrustOnFirstUse && b.TrustOnFirstUse
	for j := range v.Rules {
		v.Rules[j] = loosestRule(a.Rules[j], b.Rules[j])
	}
	v.Plugins = nil
	for _, p := range a.Plugins {
		if q := findPlugin(b.Plugins, p.Name); q != nil {
			p.Rule = loosestRule(p.Rule, q.Rule)
		}
		v.Plugins = append(v.Plugins, p)
	}
	v.Sources = judge.Sources{
		Stapled: a.Sources.Stapled && b.Sources.Stapled,
		OCSP:    a.Sources.OCSP && b.Sources.OCSP,
		CRL:     a.Sources.CRL && b.Sources.CRL,
	}
	return v
}

func loosestRule(a, b Rule) Rule {
	r := Rule{Weight: min(a.Weight, b.Weight), Side: max(a.Side, b.Side), AbstainIs: a.AbstainIs, ErrorIs: a.ErrorIs}
	if lenient(b.AbstainIs) > lenient(r.AbstainIs) {
		r.AbstainIs = b.AbstainIs
	}
	if lenient(b.ErrorIs) > lenient(r.ErrorIs) {
		r.ErrorIs = b.ErrorIs
	}
	r.Timeout = max(a.Timeout, b.Timeout)
	return r
}

// union is the first list with what only the second has behind it.
func union[T comparable](a, b []T) []T {
	out := slices.Clone(a)
	for _, v := range b {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// Negotiated is what a handshake has established.
type Negotiated struct {
	Version uint16
	// Cipher and Group are IANA names; Group is empty where there was no key exchange of its kind.
	Cipher, Group string
	// Server is whether the program is one, PeerCertificate whether its peer has shown a certificate.
	Server, PeerCertificate bool
}

// Refused says what of a finished handshake the settings do not allow, empty when they allow all.
func (s *Settings) Refused(n Negotiated) []string {
	var all []string
	if n.Version < s.VersionMin || n.Version > s.VersionMax {
		all = append(all, VersionName(n.Version)+" ("+s.From(KeyVersions)+")")
	}
	if !slices.Contains(s.Ciphers, n.Cipher) {
		all = append(all, n.Cipher+" ("+s.From(KeyCipherSuites)+")")
	}
	if n.Group != "" && !slices.Contains(s.Groups, n.Group) {
		all = append(all, n.Group+" ("+s.From(KeyGroups)+")")
	}
	if n.Server && !n.PeerCertificate && s.PeerAuth == abi.PeerAuthRequire {
		all = append(all, "a client without a certificate ("+s.From(KeyClientCertificates)+")")
	}
	return all
}

// A Use is an exception with what it excuses.
type Use struct {
	*Exception
	// Where names the section, Keys are those it excuses.
	Where string
	Keys  []Key
	Alive bool
}

// Exceptions are all exceptions of the policy, also those that are dead at now or excuse nothing.
func (p *Policy) Exceptions(now time.Time) []Use {
	all := p.global.uses("global", now)
	for _, profile := range p.profiles {
		where := "profile " + profile.Name
		all = append(all, profile.Layer.uses(where, now)...)
		for i := range profile.Sections {
			s := &profile.Sections[i]
			all = append(all, s.Layer.uses(where+", destination "+s.String(), now)...)
		}
	}
	return all
}

// uses are the exceptions of a layer.
func (l *Layer) uses(where string, now time.Time) []Use {
	var all []Use
	l.Set.each(func(k Key) {
		e := l.Excuses[k]
		if e == nil {
			return
		}
		i := slices.IndexFunc(all, func(u Use) bool { return u.Exception == e })
		if i < 0 {
			i = len(all)
			all = append(all, Use{Exception: e, Where: where, Alive: e.Alive(now)})
		}
		if l.weak.Has(k) {
			all[i].Keys = append(all[i].Keys, k)
		}
	})
	return all
}
