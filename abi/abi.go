// Package abi is the contract with programs: the constants they compile in, the options they set,
// the values they may give and the failures they can meet. include/ssa.h and the language bindings
// are generated from it. It imports nothing of this module and makes no system call.
package abi

// Numbers a program passes to socket, connect and setsockopt.
const (
	// ProtoTLS is IPPROTO_TLS: the protocol given to socket(2) and the level given to setsockopt(2).
	ProtoTLS = 205
	// FamilyHostname is AF_HOSTNAME: the family of a struct sockaddr_host given to connect(2).
	FamilyHostname = 43
	// TCPUpgradeTLS is TCP_UPGRADE_TLS: an option at level IPPROTO_TCP of a connected TCP socket.
	TCPUpgradeTLS = 205
)

// The layout of struct sockaddr_host, in bytes.
const (
	// HostnameMax is the size of the name, including its NUL.
	HostnameMax = 255
	// SockaddrHostName is the offset of the name.
	SockaddrHostName = 4
	// SockaddrHostLen is the size of the whole structure, padded to the alignment of its port.
	SockaddrHostLen = 260
)

// Protocol versions as TLS_VERSION_MIN, TLS_VERSION_MAX and TLS_CHOSEN_VERSION use them
// (RFC 8446, section 4.1.2).
const (
	VersionTLS10 = 0x0301
	VersionTLS11 = 0x0302
	VersionTLS12 = 0x0303
	VersionTLS13 = 0x0304
)

// Values of TLS_REQUEST_PEER_AUTH.
const (
	// PeerAuthNone asks for no client certificate.
	PeerAuthNone = 0
	// PeerAuthRequest asks for one and accepts a client without.
	PeerAuthRequest = 1
	// PeerAuthRequire refuses a client without a certificate that verifies.
	PeerAuthRequire = 2
)

// Bounds on what a program may pass.
const (
	// ValueMax bounds one option value, in bytes: room for a long chain in PEM.
	ValueMax = 256 << 10
	// CredentialsMax bounds the chains of one socket.
	CredentialsMax = 64
	// ALPNMax bounds the protocols of one socket.
	ALPNMax = 32
	// SessionTTLMax is the longest life of a session in seconds: seven days (RFC 8446, section 4.6.1).
	SessionTTLMax = 7 * 24 * 3600
)
