package wire

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// checkTCP refuses what is no TCP socket in the wanted state. Multipath TCP has a protocol number of its own. The error
// is *abi.Failure.
func checkTCP(fd linux.FD, listening bool) error {
	k, err := linux.KindOf(fd)
	if err != nil {
		return abi.Failf(abi.Invalid, "the descriptor is no socket: %w", err)
	}
	inet := k.Domain == linux.AFInet || k.Domain == linux.AFInet6
	if !inet || k.Type != linux.SockStream || k.Proto != linux.ProtoTCP {
		return abi.Failf(abi.Unsupported, "the socket is no TCP socket: domain %d, type %d, protocol %d", k.Domain, k.Type, k.Proto)
	}
	if k.Listening != listening {
		return abi.Failf(abi.Invalid, "the TCP socket listens: %v, want %v", k.Listening, listening)
	}
	return nil
}

// checkPlain refuses what is no AF_UNIX stream socket with something at its other end.
func checkPlain(fd linux.FD) error {
	k, err := linux.KindOf(fd)
	if err != nil {
		return fmt.Errorf("the descriptor is no socket: %w", err)
	}
	if k.Domain != linux.AFUnix || k.Type != linux.SockStream || k.Listening {
		return fmt.Errorf("the socket is no connected AF_UNIX stream: domain %d, type %d", k.Domain, k.Type)
	}
	return nil
}
