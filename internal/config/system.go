package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
)

// SystemCryptoPolicies is where distributions with crypto-policies(7) keep the system's policy in the form that is
// read here: that of GnuTLS, which names what is allowed one by one.
const SystemCryptoPolicies = "/etc/crypto-policies/back-ends/gnutls.config"

// system puts the distribution's policy into a layer. It is a bound: what it allows and the engine does not have is
// left out, and so is, without an exception, what is below the floor. Orders are the engine's.
func (d *decoder) system(l *policy.Layer, it item, weaker bool) {
	text, err := read(d.options.SystemCryptoPolicies, fileMax)
	if err != nil {
		d.problemf(it.value.at, "extends the system's policy: %v", err)
		return
	}
	b, err := parseBackEnd(string(text))
	var s policy.Settings
	if err == nil {
		s, err = b.settings(d.options.Caps, weaker)
	}
	if err != nil {
		d.problemf(it.value.at, "extends the system's policy %s: %v", d.options.SystemCryptoPolicies, err)
		return
	}
	at := it.at
	at.Preset = systemPolicy
	for _, k := range []policy.Key{policy.KeyVersions, policy.KeyCipherSuites, policy.KeyGroups, policy.KeyRSABitsMin} {
		l.Put(k, &s, at)
	}
}

// backEnd is the file of GnuTLS's system-wide configuration in its allowlisting mode (manual of GnuTLS, "Disabling
// algorithms and protocols"): what each key allows.
type backEnd map[string][]string

func parseBackEnd(text string) (backEnd, error) {
	b := backEnd{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == '[' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, fmt.Errorf("line %d is not \"key = value\"", number)
		}
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		b[key] = append(b[key], strings.ToUpper(value))
	}
	if !b.allows("override-mode", "allowlist") {
		return nil, errors.New("it does not say override-mode = allowlist, so that it does not say what is allowed")
	}
	return b, nil
}

func (b backEnd) allows(key, value string) bool {
	return slices.Contains(b[key], strings.ToUpper(value))
}

func (b backEnd) settings(caps policy.Caps, weaker bool) (s policy.Settings, err error) {
	s.VersionMin, s.VersionMax, err = b.versions(weaker)
	if err != nil {
		return s, err
	}
	for _, name := range caps.Ciphers {
		if b.suite(name) && (weaker || policy.Strong(name)) {
			s.Ciphers = append(s.Ciphers, name)
		}
	}
	for _, value := range b["tls-enabled-group"] {
		name := strings.ReplaceAll(strings.TrimPrefix(value, "GROUP-"), "-", "")
		if g, ok := policy.FindGroup(name); ok {
			s.Groups = append(s.Groups, g.Name)
		}
	}
	s.Groups = slices.DeleteFunc(slices.Clone(caps.Groups), func(g string) bool { return !slices.Contains(s.Groups, g) })
	if len(s.Ciphers) == 0 || len(s.Groups) == 0 {
		return s, errors.New("it allows no cipher suite, or no group, that the TLS engine has and the built-in floor allows")
	}
	s.Limits.RSABits, err = b.rsaBits(weaker)
	return s, err
}

// versions are the lowest and the highest one, without gap.
func (b backEnd) versions(weaker bool) (low, high uint16, err error) {
	for v := uint16(abi.VersionTLS13); v >= abi.VersionTLS10; v-- {
		if v < abi.VersionTLS12 && !weaker {
			break
		}
		name := strings.ReplaceAll(policy.VersionName(v), " ", "")
		switch {
		case !b.allows("enabled-version", name):
		case high == 0:
			low, high = v, v
		case low != v+1:
			return 0, 0, fmt.Errorf("it allows %s and not the version after it, which the TLS engine cannot do", name)
		default:
			low = v
		}
	}
	if high == 0 {
		return 0, 0, errors.New("it allows no version of TLS that the built-in floor allows")
	}
	return low, high, nil
}

// suite says whether the parts of a suite are all allowed.
func (b backEnd) suite(name string) bool {
	suite, _ := policy.FindSuite(name)
	rest := strings.TrimPrefix(suite.Name, "TLS_")
	if !suite.TLS13() {
		kx, after, _ := strings.Cut(rest, "_WITH_")
		if !b.allows("tls-enabled-kx", strings.ReplaceAll(kx, "_", "-")) {
			return false
		}
		rest = after
	}
	cut := strings.LastIndexByte(rest, '_')
	if cut < 0 {
		return false
	}
	cipher, mac := rest[:cut], rest[cut+1:]
	switch {
	case !strings.HasSuffix(cipher, "_CBC") && !strings.HasPrefix(cipher, "RC4"):
		mac = "AEAD"
	case mac == "SHA":
		mac = "SHA1"
	}
	switch cipher {
	case "RC4_128":
		cipher = "ARCFOUR-128"
	case "3DES_EDE_CBC":
		cipher = "3DES-CBC"
	}
	return b.allows("tls-enabled-cipher", strings.ReplaceAll(cipher, "_", "-")) && b.allows("tls-enabled-mac", mac)
}

// rsaBits is the size that belongs to a verification profile (manual of GnuTLS, "Selecting cryptographic key sizes").
func (b backEnd) rsaBits(weaker bool) (int, error) {
	sizes := map[string]int{"VERY_WEAK": 1024, "LOW": 1024, "LEGACY": 1776, "MEDIUM": 2048, "HIGH": 3072, "ULTRA": 8192, "FUTURE": 15360}
	names := b["min-verification-profile"]
	if len(names) == 0 {
		return policy.Default().Limits.RSABits, nil
	}
	name := strings.ReplaceAll(names[len(names)-1], "-", "_")
	bits, ok := sizes[name]
	if !ok {
		return 0, fmt.Errorf("its min-verification-profile %s is not known", strings.ToLower(name))
	}
	if !weaker {
		bits = max(bits, policy.Default().Limits.RSABits)
	}
	return bits, nil
}
