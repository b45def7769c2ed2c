// Package ssa gives Go programs TLS as a service of the operating system: Dial and Listen are those of package net, what
// they return is a connection over TLS, and the handshake, the verification and the keys are outside the program.
//
//	conn, err := ssa.Dial("tls", "www.example.org:443")
//
// The networks are "tls", "tls4" (IPv4 only) and "tls6" (IPv6 only). A program that uses this package runs under
// `ssa run`; elsewhere Dial and Listen fail with EPROTONOSUPPORT. Options and errors are those of tls_socket(7).
package ssa

import (
	"context"
	"fmt"
	"net"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Dial connects to a host and port over TLS and verifies that the server is that host; see Dialer.
func Dial(network, address string) (*Conn, error) { return new(Dialer).Dial(network, address) }

// Listen accepts connections over TLS at an address, with the certificates of the machine's policy; see ListenConfig.
func Listen(network, address string) (*Listener, error) {
	return new(ListenConfig).Listen(context.Background(), network, address)
}

// family is what a network restricts addresses to: linux.AFUnspec, AFInet or AFInet6.
func family(network string) (int, error) {
	switch network {
	case "tls":
		return linux.AFUnspec, nil
	case "tls4":
		return linux.AFInet, nil
	case "tls6":
		return linux.AFInet6, nil
	}
	return 0, net.UnknownNetworkError(network)
}

// An Error is a call on a TLS socket that did not work.
type Error struct {
	// Call is the system call: "connect".
	Call string
	// Errno is its error, of type syscall.Errno; errors.Is finds it.
	Errno error
	// Reason is the text of TLS_ERROR; empty when there is none.
	Reason string
}

// Error is the call, the error and the reason.
func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%s: %v", e.Call, e.Errno)
	}
	return fmt.Sprintf("%s: %v: %s", e.Call, e.Errno, e.Reason)
}

// Unwrap is the errno.
func (e *Error) Unwrap() error { return e.Errno }

// Timeout says whether time ran out.
func (e *Error) Timeout() bool {
	errno, ok := linux.ErrnoOf(e.Errno)
	return ok && errno.Timeout()
}

// failed is a call on a socket that did not work, with the reason that the socket gives.
func failed(fd linux.FD, call string, errno error) error {
	reason, _ := optionText(fd, TLSError)
	return &Error{Call: call, Errno: errno, Reason: reason}
}
