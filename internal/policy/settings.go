// Package policy decides what is in force for a socket: the settings of the machine, narrowed by what the
// program asks for. It is pure: it knows no file, no clock and no network, and decides from its arguments.
package policy

import (
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// Settings is what is in force. A Settings is a value: whoever changes a slice of it takes a copy first.
type Settings struct {
	// Source names where the settings come from, as error texts use it: "the built-in policy".
	Source string
	// VersionMin and VersionMax bound the protocol version; both are among abi.VersionTLS10 to VersionTLS13.
	VersionMin, VersionMax uint16
	// Ciphers are the allowed cipher suites, as IANA names, in order of preference.
	Ciphers []string
	// SessionTTL is the life of a session in seconds, counted from its full handshake; 0 turns resumption off.
	SessionTTL int
	// SessionTTLMax is the longest life a program may ask for, in seconds.
	SessionTTLMax int
	// SessionReuse is whether a client offers a session it has.
	SessionReuse bool
	// PeerAuth is one of abi.PeerAuthNone, PeerAuthRequest, PeerAuthRequire; it counts on a listener.
	PeerAuth int
	Limits   Limits
}

// Limits bound what one connection or listener may take.
type Limits struct {
	// HandshakeTimeout bounds a handshake from its first byte to its last.
	HandshakeTimeout time.Duration
	// HandshakesInFlight bounds the unfinished handshakes of one listener.
	HandshakesInFlight int
	// RSABits is the smallest RSA key accepted in a certificate.
	RSABits int
}

// Default is the built-in policy: TLS 1.2 and 1.3, ephemeral key exchange, AEAD suites (RFC 9325, sections 3.1
// and 4.2).
func Default() Settings {
	return Settings{
		Source:     "the built-in policy",
		VersionMin: abi.VersionTLS12,
		VersionMax: abi.VersionTLS13,
		Ciphers: []string{
			"TLS_AES_128_GCM_SHA256",
			"TLS_AES_256_GCM_SHA384",
			"TLS_CHACHA20_POLY1305_SHA256",
			"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
			"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
			"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
			"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
			"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
			"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
		},
		SessionTTL:    3600,
		SessionTTLMax: 24 * 3600,
		SessionReuse:  true,
		PeerAuth:      abi.PeerAuthNone,
		Limits: Limits{
			HandshakeTimeout:   30 * time.Second,
			HandshakesInFlight: 1024,
			RSABits:            2048,
		},
	}
}

// VersionName is the name of a protocol version, for texts.
func VersionName(v uint16) string {
	switch v {
	case abi.VersionTLS10:
		return "TLS 1.0"
	case abi.VersionTLS11:
		return "TLS 1.1"
	case abi.VersionTLS12:
		return "TLS 1.2"
	case abi.VersionTLS13:
		return "TLS 1.3"
	}
	return "an unknown version"
}
