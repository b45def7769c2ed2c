package main

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
)

// A group is constants that belong together.
type group struct {
	doc       string
	constants []constant
}

// A constant is a number as every language has it.
type constant struct {
	// name is the name in C, which scripting languages use too; goName the one in Go.
	name, goName string
	value        int
	doc          string
	// hex is whether the number is written in hexadecimal.
	hex bool
}

// literal is the number as all languages write it.
func (c constant) literal() string {
	if c.hex {
		return fmt.Sprintf("0x%04x", c.value)
	}
	return fmt.Sprint(c.value)
}

// groups are all constants, in the order of the files.
func groups() []group {
	return []group{
		{"Numbers for socket(2), connect(2) and setsockopt(2).", []constant{
			{name: "IPPROTO_TLS", goName: "Protocol", value: abi.ProtoTLS, doc: "protocol for socket(2) and level for setsockopt(2), getsockopt(2)"},
			{name: "AF_HOSTNAME", goName: "FamilyHostname", value: abi.FamilyHostname, doc: "family of a struct sockaddr_host given to connect(2)"},
			{name: "TCP_UPGRADE_TLS", goName: "UpgradeTLS", value: abi.TCPUpgradeTLS, doc: "option at level IPPROTO_TCP of a connected TCP socket"},
			{name: "SSA_HOSTNAME_MAX", goName: "HostnameMax", value: abi.HostnameMax, doc: "bytes of the name in a struct sockaddr_host, with its NUL"},
		}},
		{"Options at level IPPROTO_TLS.", options()},
		{"Values of TLS_REQUEST_PEER_AUTH.", []constant{
			{name: "TLS_PEER_AUTH_NONE", goName: "PeerAuthNone", value: abi.PeerAuthNone, doc: "ask for no client certificate"},
			{name: "TLS_PEER_AUTH_REQUEST", goName: "PeerAuthRequest", value: abi.PeerAuthRequest, doc: "ask for one, accept a client without"},
			{name: "TLS_PEER_AUTH_REQUIRE", goName: "PeerAuthRequire", value: abi.PeerAuthRequire, doc: "refuse a client without one that verifies"},
		}},
		{"Values of TLS_VERSION_MIN, TLS_VERSION_MAX and TLS_CHOSEN_VERSION (RFC 8446, section 4.1.2).", []constant{
			{name: "TLS_VERSION_10", goName: "VersionTLS10", value: abi.VersionTLS10, doc: "TLS 1.0", hex: true},
			{name: "TLS_VERSION_11", goName: "VersionTLS11", value: abi.VersionTLS11, doc: "TLS 1.1", hex: true},
			{name: "TLS_VERSION_12", goName: "VersionTLS12", value: abi.VersionTLS12, doc: "TLS 1.2", hex: true},
			{name: "TLS_VERSION_13", goName: "VersionTLS13", value: abi.VersionTLS13, doc: "TLS 1.3", hex: true},
		}},
	}
}

func options() []constant {
	var all []constant
	for _, o := range abi.Options() {
		all = append(all, constant{name: o.Name, goName: goName(o.Name), value: int(o.Option), doc: describe(o)})
	}
	return all
}

// describe is the option's one line with its direction and type.
func describe(o abi.Info) string {
	return fmt.Sprintf("%s, %s: %s", direction(o), typeOf(o.Form), o.Doc)
}

func direction(o abi.Info) string {
	switch {
	case o.Get == abi.Never:
		return "set"
	case o.Set == abi.Never:
		return "get"
	default:
		return "set/get"
	}
}

// typeOf is the type as C has it.
func typeOf(f abi.Form) string {
	switch f {
	case abi.Text:
		return "string"
	case abi.PEM:
		return "path or PEM"
	case abi.Int:
		return "int"
	case abi.ID:
		return "uint64_t"
	}
	return "bytes"
}
