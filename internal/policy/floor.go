package policy

import (
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// The floor: what no policy goes below without an exception (RFC 9325, sections 3.1, 4.2 and 4.4).
const (
	floorVersion = abi.VersionTLS12
	floorRSABits = 2048
)

// measure finds the keys whose values are below the floor, or weaker than what the sections above demand once their
// exceptions are dead.
func (l *Layer) measure(above *Settings) {
	l.weak, l.weakest = 0, nil
	l.Set.each(func(k Key) {
		what := below(k, &l.Settings)
		if what == "" {
			what = weaker(k, &l.Settings, above)
		}
		if what == "" {
			return
		}
		if l.weakest == nil {
			l.weakest = map[Key]string{}
		}
		l.weak, l.weakest[k] = l.weak.With(k), what
	})
}

// never is a time at which every exception is dead.
func never() time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }

// weaker says in what a key of validation demands less than the sections above, empty when in nothing. That standard
// validation is hard is the floor, because the built-in policy stands above all; it has no congress, and no threshold
// for one.
func weaker(k Key, own, above *Settings) string {
	if k < KeyThreshold {
		return ""
	}
	is := &above.Validation
	if k >= KeyStandard && k <= KeyNotaries {
		j := Judge(k - KeyStandard)
		return is.Rules[j].with(own.Validation.Rules[j]).weaker(is.Rules[j])
	}
	hard := func(j Judge) bool { return is.Rules[j].Weight == Hard }
	next := Settings{Validation: *is}
	fields[k].copy(&next, own)
	v := &next.Validation
	switch {
	case v.Threshold < is.Threshold && !above.Sources.At(KeyThreshold).Built(), hard(JudgePins) && is.TrustOnFirstUse && !v.TrustOnFirstUse,
		hard(JudgeRevocation) && lacks(v.Sources, is.Sources):
		return fields[k].show(&next)
	case k == KeyPlugins:
		return weakerPlugins(v.Plugins, is.Plugins)
	}
	return ""
}

// lacks says whether one of the second's sources is missing in the first.
func lacks(r, o judge.Sources) bool {
	return o.Stapled && !r.Stapled || o.OCSP && !r.OCSP || o.CRL && !r.CRL
}

func weakerPlugins(own, above []Plugin) string {
	for _, p := range own {
		if was := findPlugin(above, p.Name); was != nil {
			if what := p.Rule.weaker(was.Rule); what != "" {
				return p.Name + " " + what
			}
		}
	}
	return ""
}

// below says what of a key's value is below the floor, empty when nothing is.
func below(k Key, s *Settings) string {
	switch {
	case k == KeyVersions && s.VersionMin < floorVersion:
		return VersionName(s.VersionMin)
	case k == KeyRSABitsMin && s.Limits.RSABits < floorRSABits:
		return fields[k].show(s) + " bits"
	case k == KeyCipherSuites:
		for _, name := range s.Ciphers {
			if !Strong(name) {
				return name
			}
		}
	}
	return ""
}

// Strong says whether a suite is not below the floor: ephemeral key exchange, a certificate and an AEAD cipher with
// a full tag.
func Strong(name string) bool {
	suite, ok := FindSuite(name)
	switch {
	case !ok:
		return false
	case suite.TLS13():
		return true
	case strings.Contains(suite.Name, "_anon_") || strings.HasSuffix(suite.Name, "_CCM_8"):
		return false
	}
	ephemeral := strings.HasPrefix(suite.Name, "TLS_ECDHE_") || strings.HasPrefix(suite.Name, "TLS_DHE_")
	aead := strings.Contains(suite.Name, "_GCM_") || strings.Contains(suite.Name, "_CHACHA20_POLY1305_") ||
		strings.HasSuffix(suite.Name, "_CCM")
	return ephemeral && aead
}
