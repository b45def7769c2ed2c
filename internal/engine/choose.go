package engine

import (
	"crypto/tls"
	"slices"
	"strings"
	"time"
)

// choice is one credential a server can present, with the names its leaf is for.
type choice struct {
	certificate tls.Certificate
	names       []string
	// stapled is the certificate with its staple, until an end.
	stapled *tls.Certificate
	end     time.Time
}

func newChoice(c Credential) choice {
	names := make([]string, 0, len(c.Chain[0].DNSNames))
	for _, n := range c.Chain[0].DNSNames {
		names = append(names, strings.ToLower(n))
	}
	slices.Sort(names)
	one := choice{certificate: c.certificate(), names: names, end: c.StapleEnd}
	if len(c.Staple) > 0 {
		with := c.certificate()
		with.OCSPStaple = c.Staple
		one.stapled = &with
	}
	return one
}

// at is the certificate as it is presented at a time. A response that has ended would be taken for an attempt to hide a
// revocation.
func (c *choice) at(now time.Time) *tls.Certificate {
	if c.stapled == nil || !c.end.IsZero() && !now.Before(c.end) {
		return &c.certificate
	}
	return c.stapled
}

// choose picks the certificate for a ClientHello:
//
//  1. of those for the name asked for, one that the client can use;
//  2. without a name, with one that no certificate is for, or with one this listener does not serve: the first, or
//     another for the same names that the client can use.
//
// The client decides about a certificate that does not suit it; its alert says more than a refusal here could.
func (s *Server) choose(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	if !s.config.Settings.SNI {
		name = ""
	}
	fits := s.suiting(func(c choice) bool { return name != "" && s.serves(name) && matchesAny(c.names, name) })
	if len(fits) == 0 {
		fits = s.suiting(func(c choice) bool { return slices.Equal(c.names, s.choices[0].names) })
	}
	// Only the kinds of keys and signatures are in question here, not the name.
	nameless := *hello
	nameless.ServerName = ""
	for _, c := range fits {
		if nameless.SupportsCertificate(c) == nil {
			return c, nil
		}
	}
	return fits[0], nil
}

// suiting are the certificates that satisfy a condition, in the order they were set.
func (s *Server) suiting(ok func(choice) bool) []*tls.Certificate {
	var fits []*tls.Certificate
	for i := range s.choices {
		if ok(s.choices[i]) {
			fits = append(fits, s.choices[i].at(s.tickets.now()))
		}
	}
	return fits
}

// serves says whether name is among the listener's names. A listener that was given none serves all.
func (s *Server) serves(name string) bool {
	return len(s.config.Names) == 0 || matchesAny(s.config.Names, name)
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
}

// matches compares a lower-case name with a pattern, in which "*" stands for exactly the first label
// (RFC 6125, section 6.4.3).
func matches(pattern, name string) bool {
	if pattern == name {
		return true
	}
	tail, ok := strings.CutPrefix(pattern, "*")
	if !ok || !strings.HasPrefix(tail, ".") {
		return false
	}
	label, rest, ok := strings.Cut(name, ".")
	return ok && label != "" && "."+rest == tail
}
