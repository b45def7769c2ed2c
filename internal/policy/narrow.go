package policy

import (
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/abi"
)

// Narrow applies a program's request to the settings. A request may only narrow:
//
//   - less than the settings demand is abi.Weaker;
//   - a value that means nothing, or that leaves nothing, is abi.Invalid.
//
// A session may live shorter than SessionTTL and up to SessionTTLMax; longer is abi.Weaker rather than silently
// cut, since a long-lived session is one handshake's secrets kept that long.
func Narrow(s Settings, r abi.Request) (Settings, error) {
	steps := []func(*Settings, abi.Request) error{
		narrowVersions, narrowCiphers, narrowSessions, narrowPeerAuth, narrowChecks, checkALPN, checkUnserved,
	}
	s.Ciphers = slices.Clone(s.Ciphers)
	for _, step := range steps {
		if err := step(&s, r); err != nil {
			return Settings{}, err
		}
	}
	return s, nil
}

func narrowVersions(s *Settings, r abi.Request) error {
	if err := checkVersion(abi.TLSVersionMin, r.VersionMin); err != nil {
		return err
	}
	if err := checkVersion(abi.TLSVersionMax, r.VersionMax); err != nil {
		return err
	}
	if r.VersionMin != 0 && r.VersionMax != 0 && r.VersionMax < r.VersionMin {
		return abi.Failf(abi.Invalid, "TLS_VERSION_MAX (%s) is below TLS_VERSION_MIN (%s)",
			VersionName(r.VersionMax), VersionName(r.VersionMin))
	}
	if err := raiseMin(s, r.VersionMin); err != nil {
		return err
	}
	return lowerMax(s, r.VersionMax)
}

func checkVersion(o abi.Option, v uint16) error {
	if v == 0 || v >= abi.VersionTLS10 && v <= abi.VersionTLS13 {
		return nil
	}
	return abi.Failf(abi.Invalid, "%s: %#04x is not a protocol version; use 0x0301 (TLS 1.0) to 0x0304 (TLS 1.3)", o, v)
}

func raiseMin(s *Settings, v uint16) error {
	switch {
	case v == 0:
	case v < s.VersionMin:
		return s.Refuse(abi.Weaker, KeyVersions, "TLS_VERSION_MIN: %s is below %s, the lowest version %s allows",
			VersionName(v), VersionName(s.VersionMin), s.From(KeyVersions))
	case v > s.VersionMax:
		return s.Refuse(abi.Invalid, KeyVersions, "TLS_VERSION_MIN: %s is above %s, the highest version %s allows",
			VersionName(v), VersionName(s.VersionMax), s.From(KeyVersions))
	default:
		s.VersionMin = v
	}
	return nil
}

func lowerMax(s *Settings, v uint16) error {
	switch {
	case v == 0:
	case v > s.VersionMax:
		return s.Refuse(abi.Weaker, KeyVersions, "TLS_VERSION_MAX: %s is above %s, the highest version %s allows",
			VersionName(v), VersionName(s.VersionMax), s.From(KeyVersions))
	case v < s.VersionMin:
		// The case of the program's own minimum has been told apart before.
		return s.Refuse(abi.Weaker, KeyVersions, "TLS_VERSION_MAX: %s is below %s, the lowest version %s allows",
			VersionName(v), VersionName(s.VersionMin), s.From(KeyVersions))
	default:
		s.VersionMax = v
	}
	return nil
}

func narrowCiphers(s *Settings, r abi.Request) error {
	allowed := strings.Join(s.Ciphers, ":")
	if err := trust(s, r.TrustedCiphers); err != nil {
		return err
	}
	if err := disable(s, r.DisabledCiphers); err != nil {
		return err
	}
	dropForVersion(s)
	if len(s.Ciphers) == 0 {
		return s.Refuse(abi.Invalid, KeyCipherSuites, "%s leaves no cipher suite for %s; %s allows %s", cipherOptions(r), versions(*s),
			s.From(KeyCipherSuites), allowed)
	}
	return nil
}

// trust keeps the named suites, in the order of the settings.
func trust(s *Settings, names []string) error {
	if len(names) == 0 {
		return nil
	}
	keep := make([]string, 0, len(names))
	for _, name := range names {
		suite, ok := FindSuite(name)
		if !ok {
			return unknownSuite(abi.TLSTrustedCiphers, name)
		}
		if !slices.Contains(s.Ciphers, suite.Name) {
			return s.Refuse(abi.Weaker, KeyCipherSuites, "TLS_TRUSTED_CIPHERS: %s does not allow %s", s.From(KeyCipherSuites), name)
		}
		keep = append(keep, suite.Name)
	}
	s.Ciphers = slices.DeleteFunc(s.Ciphers, func(n string) bool { return !slices.Contains(keep, n) })
	return nil
}

func disable(s *Settings, names []string) error {
	for _, name := range names {
		suite, ok := FindSuite(name)
		if !ok {
			return unknownSuite(abi.TLSDisableCipher, name)
		}
		s.Ciphers = slices.DeleteFunc(s.Ciphers, func(n string) bool { return n == suite.Name })
	}
	return nil
}

// dropForVersion drops the suites that no allowed version can use.
func dropForVersion(s *Settings) {
	s.Ciphers = slices.DeleteFunc(s.Ciphers, func(n string) bool {
		suite, ok := FindSuite(n)
		if suite.TLS13() {
			return s.VersionMax < abi.VersionTLS13
		}
		return !ok || s.VersionMin >= abi.VersionTLS13
	})
}

func cipherOptions(r abi.Request) string {
	switch {
	case len(r.TrustedCiphers) == 0 && len(r.DisabledCiphers) == 0:
		return "the range of versions"
	case len(r.TrustedCiphers) == 0:
		return "TLS_DISABLE_CIPHER"
	case len(r.DisabledCiphers) == 0:
		return "TLS_TRUSTED_CIPHERS"
	}
	return "TLS_TRUSTED_CIPHERS with TLS_DISABLE_CIPHER"
}

func versions(s Settings) string {
	if s.VersionMin == s.VersionMax {
		return VersionName(s.VersionMin)
	}
	return VersionName(s.VersionMin) + " to " + VersionName(s.VersionMax)
}

func narrowSessions(s *Settings, r abi.Request) error {
	if r.SessionReuse != nil {
		if *r.SessionReuse && !s.SessionReuse {
			return s.Refuse(abi.Weaker, KeySessionTickets, "TLS_SESSION_REUSE: %s turns session reuse off", s.From(KeySessionTickets))
		}
		s.SessionReuse = *r.SessionReuse
	}
	if r.SessionTTL == nil {
		return nil
	}
	ttl := *r.SessionTTL
	if ttl < 0 || ttl > abi.SessionTTLMax {
		return abi.Failf(abi.Invalid, "TLS_SESSION_TTL: %d is not a life in seconds; use 0 (off) to %d", ttl, abi.SessionTTLMax)
	}
	if ttl > max(s.SessionTTL, s.SessionTTLMax) {
		return s.Refuse(abi.Weaker, KeySessionTTLMax, "TLS_SESSION_TTL: %d seconds is more than the %d that %s allows", ttl,
			max(s.SessionTTL, s.SessionTTLMax), s.From(KeySessionTTLMax))
	}
	s.SessionTTL = ttl
	return nil
}

// narrowPeerAuth settles whether a listener asks for client certificates. Trust anchors ask for them.
func narrowPeerAuth(s *Settings, r abi.Request) error {
	want := abi.PeerAuthNone
	if r.TrustAnchors != nil {
		want = abi.PeerAuthRequest
	}
	if r.PeerAuth == nil {
		s.PeerAuth = max(s.PeerAuth, want)
		return nil
	}
	want = *r.PeerAuth
	if want < abi.PeerAuthNone || want > abi.PeerAuthRequire {
		return abi.Failf(abi.Invalid, "TLS_REQUEST_PEER_AUTH: %d is not 0 (none), 1 (request) or 2 (require)", want)
	}
	if want < s.PeerAuth {
		return s.Refuse(abi.Weaker, KeyClientCertificates, "TLS_REQUEST_PEER_AUTH: %d is less than the %d that %s demands", want, s.PeerAuth,
			s.From(KeyClientCertificates))
	}
	s.PeerAuth = want
	return nil
}

// checkALPN checks that the names fit the extension (RFC 7301, section 3.1).
func checkALPN(s *Settings, r abi.Request) error {
	if len(r.ALPN) > 0 && !s.ALPN {
		return s.Refuse(abi.Weaker, KeyALPN, "TLS_ALPN: %s turns the extension off", s.From(KeyALPN))
	}
	if len(r.ALPN) > abi.ALPNMax {
		return abi.Failf(abi.Invalid, "TLS_ALPN: %d protocols are more than %d", len(r.ALPN), abi.ALPNMax)
	}
	for _, p := range r.ALPN {
		if len(p) == 0 || len(p) > 255 {
			return abi.Failf(abi.Invalid, "TLS_ALPN: the protocol name %.40q has %d bytes; it must have 1 to 255", p, len(p))
		}
	}
	return nil
}
