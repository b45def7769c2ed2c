package policy

import (
	"slices"

	"github.com/securesocketapi/ssa/abi"
)

// preset is a published set of values. Once published it never changes: a better one gets a name of its own.
type preset struct {
	name                   string
	versionMin, versionMax uint16
	ciphers, groups        []string
	rsaBits                int
}

// presets are those that were published; never changed.
func presets() []preset {
	hybrid := []string{"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "x25519", "secp256r1", "secp384r1", "secp521r1"}
	tls13 := []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
	forward := []string{
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
		"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	}
	old := []string{
		"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
		"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
		"TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384",
		"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA",
	}
	return []preset{
		{"default-2026", abi.VersionTLS12, abi.VersionTLS13, slices.Concat(tls13, forward), hybrid, 2048},
		{"modern-2026", abi.VersionTLS13, abi.VersionTLS13, tls13, hybrid, 2048},
		{"legacy-2026", abi.VersionTLS10, abi.VersionTLS13, slices.Concat(tls13, forward, old), hybrid, 2048},
	}
}

// Presets are the names of the presets.
func Presets() []string {
	var names []string
	for _, p := range presets() {
		names = append(names, p.name)
	}
	return names
}

// Preset gives the values of a preset to a layer, as from a line that extends it. It is false when there is no
// preset of the name.
func (l *Layer) Preset(name string, at Source) bool {
	for _, p := range presets() {
		if p.name != name {
			continue
		}
		at.Preset = name
		s := &Settings{VersionMin: p.versionMin, VersionMax: p.versionMax, Ciphers: p.ciphers, Groups: p.groups,
			Limits: Limits{RSABits: p.rsaBits}}
		for _, k := range []Key{KeyVersions, KeyCipherSuites, KeyGroups, KeyRSABitsMin} {
			l.Put(k, s, at)
		}
		return true
	}
	return false
}
