package policy

import (
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// A Suite is a cipher suite under its two names.
type Suite struct {
	// ID is the number in the IANA registry "TLS Cipher Suites".
	ID uint16
	// Name is the IANA name, OpenSSL the one of openssl-ciphers(1).
	Name, OpenSSL string
}

// TLS13 says whether the suite belongs to TLS 1.3, whose suites name no key exchange (RFC 8446, appendix B.4).
func (s Suite) TLS13() bool { return s.ID>>8 == 0x13 }

// Suites are the cipher suites whose names are understood: those of TLS 1.3, then the others that authenticate
// with certificates or not at all. That a suite is listed says nothing about whether it is any good.
func Suites() []Suite { return slices.Clone(suites[:]) }

// FindSuite finds a suite by either name, in any case.
func FindSuite(name string) (Suite, bool) {
	for i := range suites { // nearly always the exact IANA name, which is found much faster
		if suites[i].Name == name {
			return suites[i], true
		}
	}
	for i := range suites {
		if s := &suites[i]; strings.EqualFold(s.Name, name) || strings.EqualFold(s.OpenSSL, name) {
			return *s, true
		}
	}
	return Suite{}, false
}

// unknownSuite says why a name is not understood, with the nearest one that is.
func unknownSuite(o abi.Option, name string) error {
	if why := grouping(name); why != "" {
		return abi.Failf(abi.Invalid, "%s: %q is %s; name cipher suites one by one", o, name, why)
	}
	return abi.Failf(abi.Invalid, "%s: no cipher suite is called %q; did you mean %s?", o, name, nearest(name))
}

// grouping recognises the parts of openssl-ciphers(1) that stand for many suites.
func grouping(name string) string {
	if strings.ContainsAny(name, "+!@=") || strings.HasPrefix(name, "-") {
		return "an operator of OpenSSL's cipher lists"
	}
	groups := []string{"ALL", "COMPLEMENTOFALL", "DEFAULT", "HIGH", "MEDIUM", "LOW", "AES", "AESGCM", "CHACHA20", "ECDHE",
		"EECDH", "kEECDH", "EDH", "DHE", "RSA", "aRSA", "aECDSA", "ECDSA", "aNULL", "eNULL", "TLSv1.2", "SHA256", "SHA384"}
	if slices.ContainsFunc(groups, func(g string) bool { return strings.EqualFold(g, name) }) {
		return "a group of OpenSSL's cipher lists"
	}
	return ""
}

// nearest is the name with the smallest edit distance to a wrong one.
func nearest(name string) string {
	name = strings.ToUpper(name)
	if len(name) > 64 {
		name = name[:64]
	}
	best, least := "", 1<<30
	for _, s := range suites {
		for _, candidate := range []string{s.Name, s.OpenSSL} {
			if d := distance(name, strings.ToUpper(candidate)); d < least {
				best, least = candidate, d
			}
		}
	}
	return best
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
