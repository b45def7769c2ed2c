package ssa

import (
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Options are what a socket asks for. The zero Options ask for nothing: the machine's policy is in force. What is asked
// for can only narrow the policy; anything else is refused with EPERM and the rule that stands against it.
type Options struct {
	// Certificates are the program's own, for a server the one it presents first.
	Certificates []Certificate
	// TrustedPeerCertificates are the trust anchors for the peer: a path, or PEM. On a listener it asks for client
	// certificates.
	TrustedPeerCertificates string
	// ALPN are the application protocols, in order of preference (RFC 7301).
	ALPN []string
	// MinVersion and MaxVersion bound the protocol version: VersionTLS12, VersionTLS13. 0 is the policy's bound.
	MinVersion, MaxVersion int
	// TrustedCiphers are the only cipher suites to use, as IANA names; empty is the policy's list.
	TrustedCiphers []string
	// DisabledCiphers are cipher suites not to use.
	DisabledCiphers []string
	// SessionTTL is the life of a session, in whole seconds, at most seven days. 0 is the policy's.
	SessionTTL time.Duration
	// NoSessionReuse makes each handshake a full one.
	NoSessionReuse bool
	// Revocation is what must be known of the peer's certificates. What the policy checks is checked in any case.
	Revocation Revocation
	// ServerOCSPStapling makes a listener without an OCSP response to staple fail.
	ServerOCSPStapling bool
	// RequestPeerAuth is what a listener wants of client certificates: PeerAuthRequest or PeerAuthRequire.
	RequestPeerAuth int
	// Hostnames are the names that a listener serves. Empty: those of its certificates.
	Hostnames []string
}

// Revocation are checks of revocation to turn on.
type Revocation struct {
	// Checks: no certificate of the peer may be revoked.
	Checks bool
	// OCSPStapled, OCSP and CRL: the same, by what the server staples, by asking responders, by fetching lists.
	OCSPStapled, OCSP, CRL bool
	// Cached: the same, and answers from before count while they hold.
	Cached bool
}

// A Certificate is a chain, leaf first, and its private key. Each is a path or PEM.
type Certificate struct{ Chain, Key string }

// request is one option to set.
type request struct {
	option int
	text   string
	number int
}

// requests are the options in the order in which they are set.
func (o *Options) requests() []request {
	var all []request
	text := func(option int, value string) {
		if value != "" {
			all = append(all, request{option: option, text: value})
		}
	}
	number := func(option, value int) {
		if value != 0 {
			all = append(all, request{option: option, number: value})
		}
	}
	for _, c := range o.Certificates {
		text(TLSCertificateChain, c.Chain)
		text(TLSPrivateKey, c.Key)
	}
	text(TLSTrustedPeerCertificates, o.TrustedPeerCertificates)
	text(TLSALPN, strings.Join(o.ALPN, ","))
	number(TLSVersionMin, o.MinVersion)
	number(TLSVersionMax, o.MaxVersion)
	text(TLSTrustedCiphers, strings.Join(o.TrustedCiphers, ":"))
	for _, suite := range o.DisabledCiphers {
		text(TLSDisableCipher, suite)
	}
	number(TLSSessionTTL, int(o.SessionTTL/time.Second))
	if o.NoSessionReuse {
		all = append(all, request{option: TLSSessionReuse})
	}
	for option, on := range map[int]bool{
		TLSRevocationChecks: o.Revocation.Checks, TLSOCSPStapledChecks: o.Revocation.OCSPStapled, TLSOCSPChecks: o.Revocation.OCSP,
		TLSCRLChecks: o.Revocation.CRL, TLSCachedRevChecks: o.Revocation.Cached, TLSServerOCSPStapling: o.ServerOCSPStapling,
	} {
		if on {
			number(option, 1)
		}
	}
	number(TLSRequestPeerAuth, o.RequestPeerAuth)
	text(TLSHostname, strings.Join(o.Hostnames, ","))
	return all
}

// apply sets what is asked for.
func (o *Options) apply(fd linux.FD) error {
	for _, r := range o.requests() {
		if err := r.set(fd); err != nil {
			return err
		}
	}
	return nil
}

func (r request) set(fd linux.FD) (err error) {
	if r.text != "" {
		err = linux.Setsockopt(fd, Protocol, r.option, []byte(r.text))
	} else {
		err = linux.SetsockoptInt(fd, Protocol, r.option, r.number)
	}
	if err != nil {
		return failed(fd, "setsockopt "+optionName(r.option), err)
	}
	return nil
}

// optionMax is the longest value that can be read, in bytes, as setsockopt takes it.
const optionMax = 256 << 10

// optionBytes reads an option, however long it is.
func optionBytes(fd linux.FD, option int) ([]byte, error) {
	for size := 1024; ; size *= 4 {
		b := make([]byte, size)
		n, err := linux.Getsockopt(fd, Protocol, option, b)
		if e, _ := linux.ErrnoOf(err); e == linux.ERANGE && size < optionMax {
			continue
		}
		if err != nil {
			return nil, &Error{Call: "getsockopt " + optionName(option), Errno: err}
		}
		return b[:min(n, len(b))], nil
	}
}

func optionText(fd linux.FD, option int) (string, error) {
	b, err := optionBytes(fd, option)
	return strings.TrimRight(string(b), "\x00"), err
}

func optionInt(fd linux.FD, option int) (int, error) {
	n, err := linux.GetsockoptInt(fd, Protocol, option)
	if err != nil {
		return 0, &Error{Call: "getsockopt " + optionName(option), Errno: err}
	}
	return n, nil
}

func optionName(option int) string { return abi.Option(option).String() }
