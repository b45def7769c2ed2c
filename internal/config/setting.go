package config

import (
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
)

// A scope is the kind of section that a table belongs to.
type scope uint8

const (
	global scope = 1 << iota
	profile
	destination

	anywhere = global | profile | destination
)

// name is the scope as texts name it.
func (s scope) name() string {
	names := map[scope]string{global: inGlobal, profile: inProfile, destination: inDestination}
	return names[s]
}

// setting is a key of the policy as the files have it.
type setting struct {
	name  string
	key   policy.Key
	where scope
	read  func(*decoder, item, *policy.Settings) bool
}

// settings are the keys of a section itself.
func settings() []setting {
	return []setting{
		{"versions", policy.KeyVersions, anywhere, readVersions},
		{"cipher_suites", policy.KeyCipherSuites, anywhere, readCipherSuites},
		{"groups", policy.KeyGroups, anywhere, readGroups},
		{"trust_store", policy.KeyTrustStore, anywhere, readTrustStore},
		{"client_trust_store", policy.KeyClientTrustStore, global | profile,
			func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.ClientTrustStore, ok = d.word(it)
				return ok && (s.ClientTrustStore == policy.SystemTrust || d.file(it, s.ClientTrustStore))
			}},
		{"honor_application_validation", policy.KeyHonorApplicationValidation, anywhere,
			func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.HonorApplicationValidation, ok = d.flag(it)
				return ok
			}},
		{"rsa_bits_min", policy.KeyRSABitsMin, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Limits.RSABits, ok = d.number(it, bounds{1024, 16384})
			return ok
		}},
		{"client_certificates", policy.KeyClientCertificates, global | profile,
			func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.PeerAuth, ok = d.oneOf(it, "none", "request", "require")
				return ok
			}},
		{"certificate", policy.KeyCertificates, anywhere, readCertificates},
		{"keys", policy.KeyKeys, profile, readKeys},
		{"wrap", policy.KeyWrap, profile, readWrap},
		{"wrap_listen", policy.KeyWrapListen, profile, func(d *decoder, it item, s *policy.Settings) bool {
			s.WrapListen = d.ports(it)
			return len(s.WrapListen) > 0
		}},
		{"coerce", policy.KeyCoerce, global | profile, readCoerce},
	}
}

// extensions are the keys of the table of that name.
func extensions() []setting {
	return []setting{
		{"alpn", policy.KeyALPN, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.ALPN, ok = d.flag(it)
			return ok
		}},
		{"sni", policy.KeySNI, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.SNI, ok = d.flag(it)
			return ok
		}},
		{"session_tickets", policy.KeySessionTickets, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.SessionReuse, ok = d.flag(it)
			return ok
		}},
	}
}

// sessionCache are the keys of the table session_cache.
func sessionCache() []setting {
	life := span{0, abi.SessionTTLMax * time.Second}
	return []setting{
		{"ttl", policy.KeySessionTTL, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.SessionTTL, ok = d.seconds(it, life)
			return ok
		}},
		{"max_ttl", policy.KeySessionTTLMax, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.SessionTTLMax, ok = d.seconds(it, life)
			return ok
		}},
		{"size", policy.KeySessionCacheSize, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Limits.Sessions, ok = d.number(it, bounds{1, 1 << 20})
			return ok
		}},
		{"location", policy.KeySessionCacheLocation, global, readLocation},
	}
}

// limits are the keys of the table of that name.
func limits() []setting {
	return []setting{
		{"handshake_timeout", policy.KeyHandshakeTimeout, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Limits.HandshakeTimeout, ok = d.duration(it, span{100 * time.Millisecond, 10 * time.Minute})
			return ok
		}},
		{"handshakes_in_flight", policy.KeyHandshakesInFlight, global | profile,
			func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Limits.HandshakesInFlight, ok = d.number(it, bounds{1, 1 << 20})
				return ok
			}},
		{"sockets", policy.KeySockets, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
			s.Limits.Sockets, ok = d.number(it, bounds{1, 1 << 20})
			return ok
		}},
	}
}

// readVersions takes a gapless list, highest first: no engine prefers a lower version that both ends have.
func readVersions(d *decoder, it item, s *policy.Settings) bool {
	names := []string{"TLS1.3", "TLS1.2", "TLS1.1", "TLS1.0"}
	var list []uint16
	good := d.words(it, func(e item, _ string) bool {
		i, ok := d.oneOf(e, names...)
		list = append(list, abi.VersionTLS13-uint16(i))
		return ok
	})
	if !good {
		return false
	}
	for i, v := range list[1:] {
		if v != list[i]-1 {
			d.problemf(it.value.at, "versions: the highest version that both ends have is always preferred, and none between can "+
				`be left out: list them from the highest to the lowest, as in ["TLS1.3", "TLS1.2"]`)
			return false
		}
	}
	s.VersionMax, s.VersionMin = list[0], list[len(list)-1]
	return true
}

func readCipherSuites(d *decoder, it item, s *policy.Settings) bool {
	return d.words(it, func(e item, name string) bool {
		suite, ok := policy.FindSuite(name)
		if !ok {
			d.problemf(e.value.at, "no cipher suite is called %q; did you mean %q?", name, policy.NearestSuite(name))
			return false
		}
		return d.once(e, &s.Ciphers, suite.Name)
	})
}

func readGroups(d *decoder, it item, s *policy.Settings) bool {
	return d.words(it, func(e item, name string) bool {
		group, ok := policy.FindGroup(name)
		if !ok {
			d.problemf(e.value.at, "no group is called %q%s", name, meantName(policy.NearestGroup(name)))
			return false
		}
		return d.once(e, &s.Groups, group.Name)
	})
}

func meantName(near string) string {
	if near == "" {
		return ""
	}
	return "; did you mean \"" + near + "\"?"
}

// once adds a name to a list that does not have it yet.
func (d *decoder) once(e item, list *[]string, name string) bool {
	for _, have := range *list {
		if have == name {
			d.problemf(e.value.at, "%s is listed twice", name)
			return false
		}
	}
	*list = append(*list, name)
	return true
}

func readTrustStore(d *decoder, it item, s *policy.Settings) bool {
	text, ok := d.word(it)
	if !ok || text == "system" {
		return ok
	}
	s.TrustStore = text
	return d.file(it, text)
}

func readLocation(d *decoder, it item, s *policy.Settings) bool {
	text, ok := d.word(it)
	if !ok || text == policy.InMemory {
		return ok
	}
	s.SessionLocation = text
	return d.file(it, text)
}

func readWrap(d *decoder, it item, s *policy.Settings) bool {
	return d.wordOrWords(it, func(e item, text string) bool {
		to, err := policy.ParseEndpoint(text)
		if err != nil {
			d.problemf(e.value.at, "wrap: %v", err)
		}
		s.Wrap = append(s.Wrap, to)
		return err == nil
	})
}

func readKeys(d *decoder, it item, s *policy.Settings) bool {
	return d.wordOrWords(it, func(e item, text string) bool {
		s.Keys = append(s.Keys, policy.NewGlob(text))
		return d.file(e, text)
	})
}

// readCertificates takes an array of tables, each with the paths of a chain, of its key and of what is stapled to it.
func readCertificates(d *decoder, it item, s *policy.Settings) bool {
	good := true
	for _, e := range d.array(it) {
		if !d.is(e, tableValue) {
			return false
		}
		c := policy.CertificateFiles{Source: e.at}
		read := func(to *string) func(item) {
			return func(p item) {
				text, ok := d.word(p)
				*to = text
				good = ok && d.file(p, text) && good
			}
		}
		d.rows(e.value.table, inCertificate, []row{{"chain", read(&c.Chain)}, {"key", read(&c.Key)}, {"ocsp", read(&c.OCSP)}})
		if e.value.table.find("chain") == nil || e.value.table.find("key") == nil {
			d.problemf(e.at, "certificate needs both chain and key")
			good = false
		}
		s.Certificates = append(s.Certificates, c)
	}
	return good && len(s.Certificates) > 0
}

// readCoerce takes a boolean or the word for the middle way.
func readCoerce(d *decoder, it item, s *policy.Settings) bool {
	if it.value.kind == stringValue {
		_, ok := d.oneOf(it, policy.CoerceBestEffort.String())
		s.Coerce = policy.CoerceBestEffort
		return ok
	}
	on, ok := d.flag(it)
	if on {
		s.Coerce = policy.CoerceYes
	}
	return ok
}
