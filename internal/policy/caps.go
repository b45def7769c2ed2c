package policy

import (
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// Caps is what an engine can do. Settings beyond it are refused before the first byte, never silently ignored.
type Caps struct {
	// Ciphers are the suites the engine has and Groups its key exchange groups, as IANA names, in the engine's own
	// order of preference.
	Ciphers, Groups []string
	// ChoosesTLS13Suites is whether the engine can offer some suites of TLS 1.3 and not others.
	ChoosesTLS13Suites bool
	// OrdersSuites and OrdersGroups are whether the engine prefers what comes first in a list, rather than by its
	// own order.
	OrdersSuites, OrdersGroups bool
}

// Fit makes the settings what the engine will do. Suites of one version only narrow the range of versions to it;
// what the engine cannot do is abi.Unsupported.
func (c Caps) Fit(s Settings) (Settings, error) {
	tls13, older, err := c.split(s.Ciphers)
	if err != nil {
		return Settings{}, err
	}
	if s.VersionMax == abi.VersionTLS13 && len(tls13) == 0 {
		if s.VersionMin == abi.VersionTLS13 {
			return Settings{}, abi.Failf(abi.Invalid, "no cipher suite of TLS 1.3 is left, and TLS_VERSION_MIN allows nothing older")
		}
		s.VersionMax = abi.VersionTLS12
	}
	if s.VersionMin < abi.VersionTLS13 && len(older) == 0 {
		if s.VersionMax < abi.VersionTLS13 {
			return Settings{}, abi.Failf(abi.Invalid, "no cipher suite is left for %s", versions(s))
		}
		s.VersionMin = abi.VersionTLS13
	}
	return s, c.choice(tls13)
}

// split sorts the suites by version.
func (c Caps) split(names []string) (tls13, older []string, err error) {
	for _, n := range names {
		suite, ok := FindSuite(n)
		if !ok || !slices.Contains(c.Ciphers, suite.Name) {
			return nil, nil, abi.Failf(abi.Unsupported, "cipher suite %s is not available here", n)
		}
		if suite.TLS13() {
			tls13 = append(tls13, suite.Name)
		} else {
			older = append(older, suite.Name)
		}
	}
	return tls13, older, nil
}

// choice refuses some but not all of the engine's suites of TLS 1.3.
func (c Caps) choice(tls13 []string) error {
	if c.ChoosesTLS13Suites || len(tls13) == 0 {
		return nil
	}
	have := slices.DeleteFunc(slices.Clone(c.Ciphers), func(n string) bool {
		suite, _ := FindSuite(n)
		return !suite.TLS13()
	})
	if len(tls13) == len(have) {
		return nil
	}
	return abi.Failf(abi.Unsupported, "cannot choose among the cipher suites of TLS 1.3: allow all of %s, "+
		"or none of them, or set TLS_VERSION_MAX to 0x0303, either of which limits the connection to TLS 1.2",
		strings.Join(have, ":"))
}
