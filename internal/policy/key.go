package policy

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// A Key is one thing a policy settles, of which each has a source of its own.
type Key uint8

// The keys.
const (
	KeyVersions Key = iota
	KeyCipherSuites
	KeyGroups
	KeyALPN
	KeySNI
	KeySessionTickets
	KeySessionTTL
	KeySessionTTLMax
	KeySessionCacheSize
	KeySessionCacheLocation
	KeyTrustStore
	KeyClientTrustStore
	KeyHonorApplicationValidation
	KeyRSABitsMin
	KeyClientCertificates
	KeyHandshakeTimeout
	KeyHandshakesInFlight
	KeySockets
	KeyCertificates
	KeyKeys
	KeyWrap
	KeyWrapListen
	KeyCoerce
	KeyThreshold
	// The rules of the built-in judges stand in the order of these.
	KeyStandard
	KeyPins
	KeyRevocation
	KeyDANE
	KeyTransparency
	KeyNotaries
	KeyPlugins
	KeyPinnedHosts
	KeyTrustOnFirstUse
	KeyRevocationStapled
	KeyRevocationOCSP
	KeyRevocationCRL
	KeyResolver
	KeyResolverPins
	KeyLogList
	KeyTimestamps
	KeyLogOperators
	KeyNotaryList
	KeyAgree
	KeyNotariesInside
	KeyRevocationLists
	KeyRevocationSet
	KeyRevocationAge
	KeyFetchAllow
	KeyFetchPorts
	KeyFetchProxy
	keyCount
)

// field is what is known about a key.
type field struct {
	// name is the key's in the files.
	name string
	// copy copies the values of the key.
	copy func(to, from *Settings)
	// show is the value as an administrator would write it.
	show func(*Settings) string
}

// fields are the rows of all keys; never changed.
var fields = [keyCount]field{
	KeyVersions: {"versions",
		func(to, from *Settings) { to.VersionMin, to.VersionMax = from.VersionMin, from.VersionMax }, showVersions},
	KeyCipherSuites: {"cipher_suites",
		func(to, from *Settings) { to.Ciphers = from.Ciphers },
		func(s *Settings) string { return strings.Join(s.Ciphers, " ") }},
	KeyGroups: {"groups",
		func(to, from *Settings) { to.Groups = from.Groups },
		func(s *Settings) string { return strings.Join(s.Groups, " ") }},
	KeyALPN: {"extensions.alpn",
		func(to, from *Settings) { to.ALPN = from.ALPN },
		func(s *Settings) string { return strconv.FormatBool(s.ALPN) }},
	KeySNI: {"extensions.sni",
		func(to, from *Settings) { to.SNI = from.SNI },
		func(s *Settings) string { return strconv.FormatBool(s.SNI) }},
	KeySessionTickets: {"extensions.session_tickets",
		func(to, from *Settings) { to.SessionReuse = from.SessionReuse },
		func(s *Settings) string { return strconv.FormatBool(s.SessionReuse) }},
	KeySessionTTL: {"session_cache.ttl",
		func(to, from *Settings) { to.SessionTTL = from.SessionTTL },
		func(s *Settings) string { return showSeconds(s.SessionTTL) }},
	KeySessionTTLMax: {"session_cache.max_ttl",
		func(to, from *Settings) { to.SessionTTLMax = from.SessionTTLMax },
		func(s *Settings) string { return showSeconds(s.SessionTTLMax) }},
	KeySessionCacheSize: {"session_cache.size",
		func(to, from *Settings) { to.Limits.Sessions = from.Limits.Sessions },
		func(s *Settings) string { return strconv.Itoa(s.Limits.Sessions) }},
	KeySessionCacheLocation: {"session_cache.location",
		func(to, from *Settings) { to.SessionLocation = from.SessionLocation }, showLocation},
	KeyTrustStore: {"trust_store",
		func(to, from *Settings) { to.TrustStore = from.TrustStore }, showStore},
	KeyClientTrustStore: {"client_trust_store",
		func(to, from *Settings) { to.ClientTrustStore = from.ClientTrustStore },
		func(s *Settings) string { return s.ClientTrustStore }},
	KeyHonorApplicationValidation: {"honor_application_validation",
		func(to, from *Settings) { to.HonorApplicationValidation = from.HonorApplicationValidation },
		func(s *Settings) string { return strconv.FormatBool(s.HonorApplicationValidation) }},
	KeyRSABitsMin: {"rsa_bits_min",
		func(to, from *Settings) { to.Limits.RSABits = from.Limits.RSABits },
		func(s *Settings) string { return strconv.Itoa(s.Limits.RSABits) }},
	KeyClientCertificates: {"client_certificates",
		func(to, from *Settings) { to.PeerAuth = from.PeerAuth },
		func(s *Settings) string { return PeerAuthName(s.PeerAuth) }},
	KeyHandshakeTimeout: {"limits.handshake_timeout",
		func(to, from *Settings) { to.Limits.HandshakeTimeout = from.Limits.HandshakeTimeout },
		func(s *Settings) string { return s.Limits.HandshakeTimeout.String() }},
	KeyHandshakesInFlight: {"limits.handshakes_in_flight",
		func(to, from *Settings) { to.Limits.HandshakesInFlight = from.Limits.HandshakesInFlight },
		func(s *Settings) string { return strconv.Itoa(s.Limits.HandshakesInFlight) }},
	KeySockets: {"limits.sockets",
		func(to, from *Settings) { to.Limits.Sockets = from.Limits.Sockets },
		func(s *Settings) string { return strconv.Itoa(s.Limits.Sockets) }},
	KeyCertificates: {"certificate",
		func(to, from *Settings) { to.Certificates = from.Certificates }, showCertificates},
	KeyKeys: {"keys",
		func(to, from *Settings) { to.Keys = from.Keys }, showKeys},
	KeyWrap: {"wrap",
		func(to, from *Settings) { to.Wrap = from.Wrap },
		func(s *Settings) string { return words(s.Wrap) }},
	KeyWrapListen: {"wrap_listen",
		func(to, from *Settings) { to.WrapListen = from.WrapListen },
		func(s *Settings) string { return words(s.WrapListen) }},
	KeyCoerce: {"coerce",
		func(to, from *Settings) { to.Coerce = from.Coerce },
		func(s *Settings) string { return s.Coerce.Setting() }},
	KeyThreshold: {"validation.threshold",
		func(to, from *Settings) { to.Validation.Threshold = from.Validation.Threshold },
		func(s *Settings) string { return showShare(s.Validation.Threshold) }},
	KeyStandard:     ruleRow(JudgeStandard),
	KeyPins:         ruleRow(JudgePins),
	KeyRevocation:   ruleRow(JudgeRevocation),
	KeyDANE:         ruleRow(JudgeDANE),
	KeyTransparency: ruleRow(JudgeTransparency),
	KeyNotaries:     ruleRow(JudgeNotaries),
	KeyPlugins: {"validation.plugin",
		func(to, from *Settings) {
			to.Validation.Plugins = overridePlugins(to.Validation.Plugins, from.Validation.Plugins)
		}, showPlugins},
	KeyPinnedHosts: {"validation.pins.host",
		func(to, from *Settings) { to.Validation.Pins = slices.Concat(to.Validation.Pins, from.Validation.Pins) }, showPins},
	KeyTrustOnFirstUse: {"validation.pins.tofu",
		func(to, from *Settings) { to.Validation.TrustOnFirstUse = from.Validation.TrustOnFirstUse },
		func(s *Settings) string { return strconv.FormatBool(s.Validation.TrustOnFirstUse) }},
	KeyRevocationStapled: {"validation.revocation.stapled",
		func(to, from *Settings) { to.Validation.Sources.Stapled = from.Validation.Sources.Stapled },
		func(s *Settings) string { return strconv.FormatBool(s.Validation.Sources.Stapled) }},
	KeyRevocationOCSP: {"validation.revocation.ocsp",
		func(to, from *Settings) { to.Validation.Sources.OCSP = from.Validation.Sources.OCSP },
		func(s *Settings) string { return strconv.FormatBool(s.Validation.Sources.OCSP) }},
	KeyRevocationCRL: {"validation.revocation.crl",
		func(to, from *Settings) { to.Validation.Sources.CRL = from.Validation.Sources.CRL },
		func(s *Settings) string { return strconv.FormatBool(s.Validation.Sources.CRL) }},
	KeyResolver: {"validation.dane.resolver",
		func(to, from *Settings) { to.Validation.Resolver.Address = from.Validation.Resolver.Address },
		func(s *Settings) string { return s.Validation.Resolver.Dial() }},
	KeyResolverPins: {"validation.dane.resolver_sha256",
		func(to, from *Settings) { to.Validation.Resolver.Pins = from.Validation.Resolver.Pins },
		func(s *Settings) string { return showPinned(s.Validation.Resolver.Pins) }},
	KeyLogList: {"validation.transparency.log_list",
		func(to, from *Settings) { to.Validation.Logs.List = from.Validation.Logs.List },
		func(s *Settings) string { return s.Validation.Logs.List }},
	KeyTimestamps: {"validation.transparency.scts",
		func(to, from *Settings) { to.Validation.Logs.Timestamps = from.Validation.Logs.Timestamps },
		func(s *Settings) string { return strconv.Itoa(s.Validation.Logs.Timestamps) }},
	KeyLogOperators: {"validation.transparency.operators",
		func(to, from *Settings) { to.Validation.Logs.Operators = from.Validation.Logs.Operators },
		func(s *Settings) string { return strconv.Itoa(s.Validation.Logs.Operators) }},
	KeyNotaryList: {"validation.notaries.notary",
		func(to, from *Settings) { to.Validation.Notaries.List = from.Validation.Notaries.List }, showNotaries},
	KeyAgree: {"validation.notaries.agree",
		func(to, from *Settings) { to.Validation.Notaries.Agree = from.Validation.Notaries.Agree }, showAgree},
	KeyNotariesInside: {"validation.notaries.inside",
		func(to, from *Settings) { to.Validation.Notaries.Inside = from.Validation.Notaries.Inside },
		func(s *Settings) string { return strconv.FormatBool(s.Validation.Notaries.Inside) }},
	KeyRevocationLists: {"validation.revocation.crl_files",
		func(to, from *Settings) { to.Validation.Revocations.Lists = from.Validation.Revocations.Lists },
		func(s *Settings) string { return strings.Join(s.Validation.Revocations.Lists, " ") }},
	KeyRevocationSet: {"validation.revocation.crlset",
		func(to, from *Settings) { to.Validation.Revocations.CRLSet = from.Validation.Revocations.CRLSet },
		func(s *Settings) string { return s.Validation.Revocations.CRLSet }},
	KeyRevocationAge: {"validation.revocation.max_age",
		func(to, from *Settings) { to.Validation.Revocations.Age = from.Validation.Revocations.Age },
		func(s *Settings) string { return s.Validation.Revocations.Age.String() }},
	KeyFetchAllow: {"validation.fetch.allow",
		func(to, from *Settings) { to.Validation.Fetching.Allow = from.Validation.Fetching.Allow },
		func(s *Settings) string { return showList(s.Validation.Fetching.Allow) }},
	KeyFetchPorts: {"validation.fetch.ports",
		func(to, from *Settings) { to.Validation.Fetching.Ports = from.Validation.Fetching.Ports },
		func(s *Settings) string { return showList(s.Validation.Fetching.Ports) }},
	KeyFetchProxy: {"validation.fetch.proxy",
		func(to, from *Settings) { to.Validation.Fetching.Proxy = from.Validation.Fetching.Proxy },
		func(s *Settings) string { return s.Validation.Fetching.Proxy }},
}

// ruleRow is the row of a judge's rule.
func ruleRow(j Judge) field {
	return field{
		name: "validation." + j.String(),
		copy: func(to, from *Settings) { to.Validation.Rules[j].take(from.Validation.Rules[j]) },
		show: func(s *Settings) string { return s.Validation.Rules[j].String() },
	}
}

// Keys are all keys, in the order in which they are shown.
func Keys() []Key {
	all := make([]Key, keyCount)
	for i := range all {
		all[i] = Key(i)
	}
	return all
}

// String is the key's name in the files, with its table: "limits.sockets".
func (k Key) String() string {
	if k < keyCount {
		return fields[k].name
	}
	return fmt.Sprintf("key %d", uint8(k))
}

// Show is the value of a key as an administrator reads it.
func (s *Settings) Show(k Key) string { return fields[k].show(s) }

// A KeySet is a set of keys.
type KeySet uint64

// With is the set with a key more.
func (s KeySet) With(k Key) KeySet { return s | 1<<k }

// Has says whether a key is in the set.
func (s KeySet) Has(k Key) bool { return s&(1<<k) != 0 }

// each calls fn for the keys of the set, in order.
func (s KeySet) each(fn func(Key)) {
	for s != 0 {
		fn(Key(bits.TrailingZeros64(uint64(s))))
		s &= s - 1
	}
}

func showVersions(s *Settings) string {
	var names []string
	for v := s.VersionMax; v >= s.VersionMin && v >= abi.VersionTLS10; v-- {
		names = append(names, strings.ReplaceAll(VersionName(v), " ", ""))
	}
	return strings.Join(names, " ")
}

func showSeconds(n int) string { return (time.Duration(n) * time.Second).String() }

func showLocation(s *Settings) string {
	if s.SessionLocation == "" {
		return InMemory
	}
	return s.SessionLocation
}

func showStore(s *Settings) string {
	if s.TrustStore == "" {
		return "system"
	}
	return s.TrustStore
}

func showCertificates(s *Settings) string {
	var chains []string
	for _, c := range s.Certificates {
		chains = append(chains, c.Chain)
	}
	return strings.Join(chains, " ")
}

// words writes values one after the other.
func words[T any](list []T) string {
	var all []string
	for _, v := range list {
		all = append(all, fmt.Sprint(v))
	}
	return strings.Join(all, " ")
}

func showKeys(s *Settings) string {
	var globs []string
	for _, g := range s.Keys {
		globs = append(globs, g.String())
	}
	return strings.Join(globs, " ")
}

// PeerAuthName is the word for one of abi.PeerAuthNone, PeerAuthRequest and PeerAuthRequire.
func PeerAuthName(n int) string {
	switch n {
	case abi.PeerAuthRequest:
		return "request"
	case abi.PeerAuthRequire:
		return "require"
	}
	return "none"
}
