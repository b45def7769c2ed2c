// Package witness establishes who asks the TLS service: the supervisor that has connected, and the program it speaks for.
// Another user's executable can be read with CAP_SYS_PTRACE only, so this has a process of its own that does nothing
// else: Serve is that process, Client is what the rest of the service has of it.
package witness

import (
	"context"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/identity"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/wire"
)

// Local reads /proc in this process.
type Local struct{}

var _ wire.Witness = Local{}

// Supervisor implements wire.Witness. Without a pidfd of the kernel's, the process that has the number now is taken when
// it is of the same user.
func (Local) Supervisor(_ context.Context, c linux.PeerCred, pidfd linux.FD) (wire.Supervisor, error) {
	if c.PID == 0 {
		return wire.Supervisor{}, forbidden("the supervisor is in a PID namespace that is not visible to the TLS service")
	}
	if pidfd == linux.NoFD {
		own, err := linux.PidfdOpen(c.PID, false)
		if err != nil {
			return wire.Supervisor{}, forbidden("open supervisor %d: %w", c.PID, err)
		}
		defer func() { _ = own.Close() }()
		pidfd = own
	}
	pid, err := linux.PidfdPID(pidfd)
	if err != nil || pid != c.PID {
		return wire.Supervisor{}, forbidden("the pidfd of supervisor %d is of %d: %w", c.PID, pid, err)
	}
	stat, err := identity.ReadStat(pid)
	if err != nil {
		return wire.Supervisor{}, forbidden("read supervisor %d: %w", pid, err)
	}
	status, err := linux.ReadStatus(pid)
	if err != nil || status.UID != c.UID {
		return wire.Supervisor{}, forbidden("supervisor %d connected as uid %d and is uid %d: %w", pid, c.UID, status.UID, err)
	}
	if !linux.PidfdAlive(pidfd) {
		return wire.Supervisor{}, forbidden("supervisor %d has ended", pid)
	}
	return wire.Supervisor{PID: pid, UID: c.UID, Start: stat.Start}, nil
}

// Program implements wire.Witness: a supervisor speaks for itself and for what is below it, and unless it is root's, for
// processes of its own user.
func (Local) Program(_ context.Context, s wire.Supervisor, pidfd linux.FD) (socket.App, error) {
	pid, err := linux.PidfdPID(pidfd)
	if err != nil {
		return socket.App{}, forbidden("the program that asks is not there: %w", err)
	}
	stat, err := identity.ReadStat(s.PID)
	if err != nil || stat.Start != s.Start {
		return socket.App{}, forbidden("supervisor %d has ended", s.PID)
	}
	below, err := identity.Descends(pid, s.PID)
	if err != nil || !below {
		return socket.App{}, forbidden("process %d is not one of supervisor %d (uid %d)", pid, s.PID, s.UID)
	}
	app, err := identity.Read(pid)
	if err != nil {
		return socket.App{}, forbidden("%w", err)
	}
	if s.UID != 0 && app.UID != s.UID {
		return socket.App{}, forbidden("process %d is of uid %d, supervisor %d of uid %d", pid, app.UID, s.PID, s.UID)
	}
	if !linux.PidfdAlive(pidfd) {
		return socket.App{}, forbidden("process %d has ended", pid)
	}
	return app, nil
}

func forbidden(format string, args ...any) error {
	// A nil error in the arguments would read badly; what it would say is in the text already.
	if n := len(args); n > 0 && args[n-1] == nil {
		args = append(args[:n-1:n-1], linux.ESRCH)
	}
	return &abi.Failure{Kind: abi.Forbidden, Err: fmt.Errorf(format, args...)}
}
