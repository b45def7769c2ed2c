package policy

import (
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// The floor: what no policy goes below without an exception (RFC 9325, sections 3.1, 4.2 and 4.4).
const (
	floorVersion = abi.VersionTLS12
	floorRSABits = 2048
)

// belowFloor are the keys of the layer whose values are below the floor.
func (l *Layer) belowFloor() KeySet {
	var weak KeySet
	l.Set.each(func(k Key) {
		if below(k, &l.Settings) != "" {
			weak = weak.With(k)
		}
	})
	return weak
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
