package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/securesocketapi/ssa/internal/linux"
)

// endpoint is a listening socket of the daemon.
type endpoint struct {
	fd linux.FD
	// path is what to remove in the end, empty when the service manager has made the socket.
	path string
	once sync.Once
}

// endpoints are those of the daemon: service is for programs, of type SOCK_SEQPACKET, control for administrators, of type
// SOCK_STREAM; it is nil when it cannot be had.
type endpoints struct{ service, control *endpoint }

// controlFD is the socket for administrators, or what is none: the other one.
func (e *endpoints) controlFD() linux.FD {
	if e.control == nil {
		return e.service.fd
	}
	return e.control.fd
}

// openEndpoints takes the sockets the service manager has made, and makes what it has not. A service manager that has not
// made the one for administrators, as one that still runs an older unit, may have left nothing to make it with: programs
// are served nevertheless.
func openEndpoints(service, control string, logger *slog.Logger) (e endpoints, err error) {
	files := activation.Files(true)
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
		if err != nil {
			e.close()
		}
	}()
	for _, f := range files {
		if err := e.take(f); err != nil {
			return e, err
		}
	}
	managed := e.service != nil
	if !managed {
		if e.service, err = listenAt(service, linux.SockSeqpacket); err != nil {
			return e, err
		}
	}
	if e.control == nil {
		e.control, err = listenAt(control, linux.SockStream)
	}
	if err != nil && managed {
		logger.Error("administrators cannot ask; restart ssad.socket", "error", err)
		err = nil
	}
	return e, err
}

// take sorts a socket of the service manager by its type, and keeps a duplicate.
func (e *endpoints) take(f *os.File) error {
	return linux.Control(f, func(fd linux.FD) error {
		k, err := linux.KindOf(fd)
		if err != nil || k.Domain != linux.AFUnix || !k.Listening {
			return fmt.Errorf("the service manager's socket is no listening AF_UNIX socket: %+v, %w", k, err)
		}
		to := map[int]**endpoint{linux.SockSeqpacket: &e.service, linux.SockStream: &e.control}[k.Type]
		if to == nil || *to != nil {
			return fmt.Errorf("the service manager passed a socket too many or of a wrong type: %+v", k)
		}
		if err := linux.SetNonblocking(fd); err != nil {
			return err
		}
		dup, err := linux.DupCloexec(fd, firstFD)
		if err == nil {
			*to = &endpoint{fd: dup}
		}
		return err
	})
}

func (e *endpoints) close() {
	for _, one := range []*endpoint{e.service, e.control} {
		if one != nil {
			one.close()
		}
	}
}

// serviceBacklog is the backlog of a socket; net.core.somaxconn bounds it.
const serviceBacklog = 4096

// listenAt makes a socket, for everybody to connect to. One that nobody listens on any more makes room.
func listenAt(path string, typ int) (*endpoint, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the directory of the socket: %w", err)
	}
	fd, err := linux.ListenUnix(path, typ, serviceBacklog)
	if errors.Is(err, linux.EADDRINUSE) {
		if err := vacate(path, typ); err != nil {
			return nil, err
		}
		fd, err = linux.ListenUnix(path, typ, serviceBacklog)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(err, fd.Close())
	}
	return &endpoint{fd: fd, path: path}, nil
}

func vacate(path string, typ int) error {
	other, err := linux.DialUnix(path, typ)
	if err == nil || errors.Is(err, linux.EAGAIN) {
		_ = other.Close()
		return fmt.Errorf("listen on %s: another ssad serves there", path)
	}
	if !errors.Is(err, linux.ECONNREFUSED) {
		return fmt.Errorf("listen on %s: what is there is in the way: %w", path, err)
	}
	return os.Remove(path)
}

// close closes the socket and removes what was made for it.
func (e *endpoint) close() {
	e.once.Do(func() {
		if e.path != "" {
			_ = os.Remove(e.path)
		}
		_ = e.fd.Close()
	})
}
