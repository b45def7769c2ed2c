package config

// The tables of the files, as texts name them.
const (
	inGlobal      = "the global settings"
	inProfile     = "a profile"
	inDestination = "a destination"
	inExtensions  = "extensions"
	inCache       = "session_cache"
	inLimits      = "limits"
	inMatch       = "match"
	inCertificate = "certificate"
	inWeaker      = "allow_weaker"
	inValidation  = "validation"
	inPin         = "validation.pins.host"
	inPlugin      = "validation.plugin"
	inFetch       = "validation.fetch"
	inNotary      = "validation.notaries.notary"
)

// refused is why a key that is meaningful elsewhere cannot be honoured here; empty for one that is unknown.
func refused(name, where string) string {
	switch where + "." + name {
	case inExtensions + ".supported_groups":
		return "set groups instead"
	case inCache + ".location":
		return "is one place for the sessions of all programs; set it in the global settings"
	case inCache + ".size", inLimits + ".sockets":
		return "is counted for all programs together; set it in the global settings"
	case inDestination + ".client_certificates", inDestination + ".client_trust_store", inLimits + ".handshakes_in_flight":
		return "is for listeners; a destination is for connections a program makes"
	case inDestination + ".keys", inDestination + ".mode", inDestination + ".match":
		return "is for the profile as a whole"
	case inFetch + ".allow", inFetch + ".ports", inFetch + ".proxy", "validation.revocation.crl_files", "validation.revocation.crlset",
		"validation.revocation.max_age":
		return "is for all connections: the judge outlives them; set it in the global settings"
	case inPlugin + ".path", inPlugin + ".args", inPlugin + ".network", inPlugin + ".state":
		return "is said where the plugin is declared, in the global settings"
	case inGlobal + ".keys":
		return "grants keys to one application; set it in a profile"
	case inGlobal + ".mode", inGlobal + ".match":
		return "belongs in a profile"
	case inGlobal + ".destination":
		return `belongs in a profile; one with match = { exe = "/**" } is for every program`
	}
	return unchangeable(name)
}

// fixedRows are the keys of a table that can have one value only, which is what the engine does.
func fixedRows(d *decoder, table string) []row {
	if table != inExtensions {
		return nil
	}
	return []row{{"ocsp_stapling", func(it item) {
		if on, ok := d.flag(it); ok && !on {
			d.problemf(it.at, "ocsp_stapling: the TLS engine always asks servers for a stapled response, which cannot be turned off; "+
				"a listener staples none whose certificate has no ocsp")
		}
	}}}
}

// unchangeable is why no table can have a key.
func unchangeable(name string) string {
	switch name {
	case "signature_algorithms":
		return "the TLS engine cannot choose among signature algorithms"
	case "early_data", "zero_rtt":
		return "the TLS engine does no 0-RTT over TCP, neither as client nor as server"
	case "ktls":
		return "the TLS engine does not use the kernel's TLS"
	case "renegotiation", "compression":
		return "is always off"
	}
	return ""
}
