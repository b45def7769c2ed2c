package daemon

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/securesocketapi/ssa/internal/linux"
)

// endpoint is the listening socket of the service.
type endpoint struct {
	fd linux.FD
	// path is what to remove in the end, empty when the service manager has made the socket.
	path string
	once sync.Once
}

// openEndpoint takes the socket the service manager has made, or makes one at path.
func openEndpoint(path string) (*endpoint, error) {
	files := activation.Files(true)
	if len(files) == 0 {
		return listenAt(path)
	}
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	if len(files) != 1 {
		return nil, fmt.Errorf("the service manager passed %d sockets, want 1", len(files))
	}
	e := &endpoint{fd: linux.NoFD}
	err := linux.Control(files[0], func(fd linux.FD) (err error) {
		k, err := linux.KindOf(fd)
		if err != nil || k.Domain != linux.AFUnix || k.Type != linux.SockSeqpacket || !k.Listening {
			return fmt.Errorf("the service manager's socket is no listening AF_UNIX socket of type SOCK_SEQPACKET: %+v, %w", k, err)
		}
		if err := linux.SetNonblocking(fd); err != nil {
			return err
		}
		e.fd, err = linux.DupCloexec(fd, firstFD)
		return err
	})
	return e, err
}

// serviceBacklog is the backlog of the socket; net.core.somaxconn bounds it.
const serviceBacklog = 4096

// listenAt makes the socket, for everybody to connect to. One that nobody listens on any more makes room.
func listenAt(path string) (*endpoint, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the directory of the socket: %w", err)
	}
	fd, err := linux.ListenSeqpacket(path, serviceBacklog)
	if errors.Is(err, linux.EADDRINUSE) {
		if err := vacate(path); err != nil {
			return nil, err
		}
		fd, err = linux.ListenSeqpacket(path, serviceBacklog)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		return nil, errors.Join(err, fd.Close())
	}
	return &endpoint{fd: fd, path: path}, nil
}

func vacate(path string) error {
	other, err := linux.DialSeqpacket(path)
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
