package abi

// A Request is what a program has asked for on one socket: the checked form of its option values. The
// zero Request asks for nothing, which gives what the policy has as its default.
// A Request is a value: whoever changes one first takes a Clone.
type Request struct {
	// ID is the socket's TLS_ID, by which records of what is refused can be found; 0 is no socket.
	ID uint64
	// RemoteHostname is the name or address literal the peer must prove.
	RemoteHostname string
	// Hostnames are the names a listener serves; others get the first chain. Lower case, may start with "*.".
	Hostnames []string
	// TrustAnchors is PEM that replaces the system store for this socket; nil keeps the store.
	TrustAnchors []byte
	// Credentials are the own chains with their keys, in the order they were set.
	Credentials []Credential
	// ALPN is the protocols in order of preference (RFC 7301).
	ALPN []string
	// SessionTTL is in seconds; nil is the policy's.
	SessionTTL *int
	// SessionReuse is whether a session may be resumed; nil is the policy's.
	SessionReuse *bool
	// Checks are those turned on, Unchecked those that are to be off.
	Checks, Unchecked Checks
	// DisabledCiphers and TrustedCiphers are names as the program wrote them, IANA's or OpenSSL's.
	DisabledCiphers []string
	TrustedCiphers  []string
	// PeerAuth is one of PeerAuthNone, PeerAuthRequest, PeerAuthRequire; nil when not set.
	PeerAuth *int
	// VersionMin and VersionMax are protocol versions; 0 when not set.
	VersionMin, VersionMax uint16
	// Unserved are functions of the program's own TLS library that it has called and that cannot be served.
	Unserved []string
}

// A Credential is a certificate chain in PEM and its private key in PEM. Key is nil between the two options.
type Credential struct {
	Chain, Key []byte
	// ChainPath and KeyPath are absolute paths of files that the program itself cannot read. The service reads them
	// in place of Chain and Key if the program's profile grants them.
	ChainPath, KeyPath string
}

// Lasting is what is still of use once the connection is made: neither what is large or secret, nor what is the
// socket's own.
func (r Request) Lasting() Request {
	r.ID, r.RemoteHostname, r.TrustAnchors, r.Credentials = 0, "", nil, nil
	return r
}

// Clone copies r so far that setting an option on the copy does not show in r.
func (r Request) Clone() Request {
	r.Hostnames = append([]string(nil), r.Hostnames...)
	r.Credentials = append([]Credential(nil), r.Credentials...)
	r.ALPN = append([]string(nil), r.ALPN...)
	r.DisabledCiphers = append([]string(nil), r.DisabledCiphers...)
	r.TrustedCiphers = append([]string(nil), r.TrustedCiphers...)
	r.Unserved = append([]string(nil), r.Unserved...)
	return r
}
