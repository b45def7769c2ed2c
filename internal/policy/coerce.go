package policy

import (
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// Coerce is whether the TLS that a program does by a library of its own is brought under the policy.
type Coerce uint8

// The values.
const (
	// CoerceNo leaves it alone.
	CoerceNo Coerce = iota
	// CoerceYes makes no connection for a program that uses what cannot be served.
	CoerceYes
	// CoerceBestEffort makes the connection and leaves that out.
	CoerceBestEffort
)

// String is the word of the socket option TLS_COERCE.
func (c Coerce) String() string { return [...]string{"no", "yes", "best-effort"}[c] }

// Setting is the value as the files have it.
func (c Coerce) Setting() string { return [...]string{"false", "true", `"best-effort"`}[c] }

// Coerces says whether any program is to be coerced.
func (p *Policy) Coerces() bool {
	if p.base.Coerce != CoerceNo || p.global.coerces() {
		return true
	}
	for _, profile := range p.profiles {
		if profile.Layer.coerces() {
			return true
		}
	}
	return false
}

func (l *Layer) coerces() bool { return l.Set.Has(KeyCoerce) && l.Settings.Coerce != CoerceNo }

// checkUnserved refuses a program that uses what cannot be served.
func checkUnserved(s *Settings, r abi.Request) error {
	if len(r.Unserved) == 0 || s.Coerce != CoerceYes {
		return nil
	}
	return s.Refuse(abi.Weaker, KeyCoerce, "TLS_COERCE: the program has called %s, which cannot be served to a program that %s coerces",
		strings.Join(r.Unserved, ", "), s.From(KeyCoerce))
}
