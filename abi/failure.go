package abi

import "fmt"

// A Kind is the class of a failure: one row of the errno table. internal/syscalls maps it to an errno.
type Kind int

// The classes of failure. Comments give the errno a program sees.
const (
	// Protocol is a handshake that failed for any reason without a class of its own (EPROTO).
	Protocol Kind = iota
	// Rejected is a certificate not trusted, a wrong name or a wrong key (EKEYREJECTED).
	Rejected
	// Expired is a certificate outside its validity (EKEYEXPIRED).
	Expired
	// Revoked is a revoked certificate (EKEYREVOKED).
	Revoked
	// Weaker is an option that asks for less than the policy demands (EPERM).
	Weaker
	// Forbidden is a connection the policy forbids (EACCES).
	Forbidden
	// Invalid is a wrong value (EINVAL).
	Invalid
	// Unsupported is a value or operation that exists but cannot be honoured here (EOPNOTSUPP).
	Unsupported
	// Timeout is a peer that did not answer in time (ETIMEDOUT).
	Timeout
	// Reset is a connection that ended without close_notify, or a bad record after the handshake (ECONNRESET).
	Reset
	// Unresolved is a name that does not resolve (EHOSTUNREACH).
	Unresolved
	// Exhausted is a bound that has been reached (ENOBUFS).
	Exhausted
)

// String is the word for the class in records: "rejected".
func (k Kind) String() string {
	words := [...]string{
		Protocol: "protocol", Rejected: "rejected", Expired: "expired", Revoked: "revoked", Weaker: "weaker", Forbidden: "forbidden",
		Invalid: "invalid", Unsupported: "unsupported", Timeout: "timeout", Reset: "reset", Unresolved: "unresolved", Exhausted: "exhausted",
	}
	if k < 0 || int(k) >= len(words) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return words[k]
}

// A Failure is an error with its class and the text TLS_ERROR returns for it.
type Failure struct {
	Kind Kind
	// Err says what was attempted, with what, and why it did not work, in words a developer can act on.
	Err error
}

// Error is the text for TLS_ERROR.
func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Failf makes a Failure as fmt.Errorf makes an error.
func Failf(k Kind, format string, args ...any) *Failure {
	return &Failure{Kind: k, Err: fmt.Errorf(format, args...)}
}
