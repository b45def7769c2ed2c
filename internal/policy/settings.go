// Package policy decides what is in force for a socket: the settings of the machine, narrowed by what the
// program asks for. It is pure: it knows no file, no clock and no network, and decides from its arguments.
package policy

import (
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// Settings is what is in force. A Settings is a value: whoever changes a slice of it takes a copy first.
type Settings struct {
	// Source names where a value without a source of its own comes from, as error texts use it: "the built-in
	// policy".
	Source string
	// Sources are where the values of the keys come from.
	Sources Sources
	// VersionMin and VersionMax bound the protocol version; both are among abi.VersionTLS10 to VersionTLS13.
	VersionMin, VersionMax uint16
	// Ciphers are the allowed cipher suites, as IANA names, in order of preference.
	Ciphers []string
	// Groups are the allowed groups for key exchange, as IANA names, in order of preference.
	Groups []string
	// ALPN is whether programs may negotiate a protocol, SNI whether a client names the server it wants.
	ALPN, SNI bool
	// SessionTTL is the life of a session in seconds, counted from its full handshake; 0 turns resumption off.
	SessionTTL int
	// SessionTTLMax is the longest life a program may ask for, in seconds.
	SessionTTLMax int
	// SessionReuse is whether sessions are resumed, with tickets on either side.
	SessionReuse bool
	// SessionLocation is the directory in which sessions and ticket keys are kept; empty is memory.
	SessionLocation string
	// PeerAuth is one of abi.PeerAuthNone, PeerAuthRequest, PeerAuthRequire; it counts on a listener.
	PeerAuth int
	// TrustStore is the file with the trust anchors; empty is the system's.
	TrustStore string
	// ClientTrustStore is the one by which a listener judges its clients, or "system"; empty is TrustStore.
	ClientTrustStore string
	// HonorApplicationValidation is whether a program's own trust anchors replace the trust store. Otherwise a
	// chain must be good by both.
	HonorApplicationValidation bool
	// Certificates are used where a program has set none.
	Certificates []CertificateFiles
	// Keys are the files with private keys that a program may use without being able to read them.
	Keys []Glob
	// Wrap are the destinations of plain TCP connections that become TLS, WrapListen the ports of plain listeners.
	Wrap       []Endpoint
	WrapListen []uint16
	// Coerce is whether the program's own TLS is brought under the policy.
	Coerce Coerce
	Limits Limits
	// Staple is whether a listener must have an OCSP response to staple; a program can demand it.
	Staple bool
	// Validation is who judges the peer.
	Validation Validation
}

// InMemory is the location of sessions that do not outlive the service.
const InMemory = "memory"

// CertificateFiles are the paths of a chain and of its key, in PEM.
type CertificateFiles struct {
	Chain, Key string
	// OCSP is the path of the response that servers staple, DER; empty is none.
	OCSP   string
	Source Source
}

// From names the source of a key's value, as error texts use it.
func (s *Settings) From(k Key) string {
	source := s.Sources.At(k)
	if source.Built() {
		return s.Source
	}
	return source.String()
}

// Limits bound what one connection or listener may take.
type Limits struct {
	// HandshakeTimeout bounds a handshake from its first byte to its last.
	HandshakeTimeout time.Duration
	// HandshakesInFlight bounds the unfinished handshakes of one listener.
	HandshakesInFlight int
	// RSABits is the smallest RSA key accepted in a certificate.
	RSABits int
	// Sessions bounds the sessions kept for clients, those of all programs together.
	Sessions int
	// Sockets bounds the TLS sockets of one supervised tree of processes.
	Sockets int
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
		Groups: []string{
			"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "x25519", "secp256r1", "secp384r1", "secp521r1",
		},
		ALPN:          true,
		SNI:           true,
		SessionTTL:    3600,
		SessionTTLMax: 24 * 3600,
		SessionReuse:  true,
		PeerAuth:      abi.PeerAuthNone,

		HonorApplicationValidation: true,
		Limits: Limits{
			HandshakeTimeout:   30 * time.Second,
			HandshakesInFlight: 1024,
			RSABits:            2048,
			Sessions:           1024,
			Sockets:            1 << 16,
		},
		Validation: defaultValidation(),
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
