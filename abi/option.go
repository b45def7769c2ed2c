package abi

import (
	"fmt"
	"slices"
)

// An Option is the number of a socket option at level IPPROTO_TLS.
type Option int32

// The options. The table in Options says what each takes and when.
const (
	TLSRemoteHostname          Option = 85
	TLSHostname                Option = 86
	TLSTrustedPeerCertificates Option = 87
	TLSCertificateChain        Option = 88
	TLSPrivateKey              Option = 89
	TLSALPN                    Option = 90
	TLSSessionTTL              Option = 91
	TLSDisableCipher           Option = 92
	TLSPeerIdentity            Option = 93
	TLSRequestPeerAuth         Option = 94
	TLSPeerCertificateChain    Option = 95
	TLSID                      Option = 96
	TLSTrustedCiphers          Option = 97
	TLSChosenCipher            Option = 98
	TLSError                   Option = 100
	TLSRevocationChecks        Option = 102
	TLSOCSPStapledChecks       Option = 103
	TLSOCSPChecks              Option = 104
	TLSCRLChecks               Option = 105
	TLSCachedRevChecks         Option = 106
	TLSSessionReuse            Option = 108
	TLSResumedSession          Option = 109
	TLSVersionMin              Option = 111
	TLSVersionMax              Option = 112
	TLSChosenVersion           Option = 113
	TLSServerOCSPStapling      Option = 122
	TLSCoerce                  Option = 130
)

// A When is the set of states in which an option may be set or read.
type When uint8

// The states of a socket, as the option table names them.
const (
	// Fresh is a socket that is neither connecting, connected nor listening.
	Fresh When = 1 << iota
	// Connecting is a socket between connect and the end of the handshake.
	Connecting
	// Connected is a socket whose handshake succeeded, on either side, also after the connection ended.
	Connected
	// Listening is a socket after listen.
	Listening
	// Failed is a socket whose connect failed.
	Failed

	// Never is an option that cannot be set, or cannot be read.
	Never When = 0
	// Always is every state.
	Always = Fresh | Connecting | Connected | Listening | Failed
)

// A Form is the C type of an option's value.
type Form uint8

// The forms of a value.
const (
	// Text is a string, with or without its NUL when set, with it when read.
	Text Form = iota
	// PEM is a path or PEM text when set, PEM text when read.
	PEM
	// Int is an int: four bytes. A long of eight is accepted when set.
	Int
	// ID is an unsigned 64-bit number.
	ID
)

// Info is one row of the option table.
type Info struct {
	Option Option
	Name   string
	Form   Form
	// Set and Get are the states in which setsockopt and getsockopt work. Outside them the errno is
	// ENOPROTOOPT when the set is empty, EISCONN or ENOTCONN otherwise.
	Set, Get When
	// Doc is one line for the header and the manual.
	Doc string
}

// Options is the option table, in the order of the numbers.
func Options() []Info { return slices.Clone(options[:]) }

var options = [...]Info{ // never written
	{TLSRemoteHostname, "TLS_REMOTE_HOSTNAME", Text, Fresh, Always, "name of the peer: sent as SNI and verified"},
	{TLSHostname, "TLS_HOSTNAME", Text, Fresh, Always, "set: comma-separated names a listener serves; get: the name the client asked for"},
	{TLSTrustedPeerCertificates, "TLS_TRUSTED_PEER_CERTIFICATES", PEM, Fresh, Never, "trust anchors for the peer; on a listener asks for client certificates"},
	{TLSCertificateChain, "TLS_CERTIFICATE_CHAIN", PEM, Fresh, Always, "own certificate chain, leaf first; repeatable"},
	{TLSPrivateKey, "TLS_PRIVATE_KEY", PEM, Fresh, Never, "private key of the chain set last"},
	{TLSALPN, "TLS_ALPN", Text, Fresh, Connected, "set: comma-separated protocols in order; get: the one selected"},
	{TLSSessionTTL, "TLS_SESSION_TTL", Int, Fresh, Always, "life of a session in seconds; 0 turns resumption off"},
	{TLSDisableCipher, "TLS_DISABLE_CIPHER", Text, Fresh, Never, "one cipher suite not to use; repeatable"},
	{TLSPeerIdentity, "TLS_PEER_IDENTITY", Text, Never, Connected, "subject of the verified peer certificate"},
	{TLSRequestPeerAuth, "TLS_REQUEST_PEER_AUTH", Int, Fresh, Never, "client certificates: 0 none, 1 request, 2 require"},
	{TLSPeerCertificateChain, "TLS_PEER_CERTIFICATE_CHAIN", PEM, Never, Connected, "chain the peer sent, leaf first"},
	{TLSID, "TLS_ID", ID, Never, Always, "connection identifier, as in logs"},
	{TLSTrustedCiphers, "TLS_TRUSTED_CIPHERS", Text, Fresh, Always, "colon-separated cipher suites to allow; narrows only"},
	{TLSChosenCipher, "TLS_CHOSEN_CIPHER", Text, Never, Connected, "negotiated cipher suite"},
	{TLSError, "TLS_ERROR", Text, Never, Always, "text of the last failure on this socket"},
	{TLSRevocationChecks, "TLS_REVOCATION_CHECKS", Int, Fresh, Always, "1: no certificate of the peer may be revoked"},
	{TLSOCSPStapledChecks, "TLS_OCSP_STAPLED_CHECKS", Int, Fresh, Always, "1: the same, also by what the server staples"},
	{TLSOCSPChecks, "TLS_OCSP_CHECKS", Int, Fresh, Always, "1: the same, also by asking OCSP responders"},
	{TLSCRLChecks, "TLS_CRL_CHECKS", Int, Fresh, Always, "1: the same, also by fetching revocation lists"},
	{TLSCachedRevChecks, "TLS_CACHED_REV_CHECKS", Int, Fresh, Always, "1: the same, and answers from before count while they hold"},
	{TLSSessionReuse, "TLS_SESSION_REUSE", Int, Fresh, Always, "1: resume a session when there is one; 0: full handshake"},
	{TLSResumedSession, "TLS_RESUMED_SESSION", Int, Never, Connected, "1 when the session was resumed"},
	{TLSVersionMin, "TLS_VERSION_MIN", Int, Fresh, Always, "lowest version, 0x0301 to 0x0304; may only rise"},
	{TLSVersionMax, "TLS_VERSION_MAX", Int, Fresh, Always, "highest version, 0x0301 to 0x0304"},
	{TLSChosenVersion, "TLS_CHOSEN_VERSION", Int, Never, Connected, "negotiated version"},
	{TLSServerOCSPStapling, "TLS_SERVER_OCSP_STAPLING", Int, Fresh, Always, "1: a listener must have an OCSP response to staple"},
	{TLSCoerce, "TLS_COERCE", Text, Fresh, Always, "get: no, yes or best-effort: whether the program's own TLS is coerced; set: what of it cannot be served"},
}

// Lookup finds the row of an option.
func Lookup(o Option) (Info, bool) {
	for i := range options {
		if options[i].Option == o {
			return options[i], true
		}
	}
	return Info{}, false
}

// String is the option's C name.
func (o Option) String() string {
	if i, ok := Lookup(o); ok {
		return i.Name
	}
	return fmt.Sprintf("option %d", int32(o))
}
