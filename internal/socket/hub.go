package socket

import (
	"fmt"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// hub is a listening AF_UNIX socket that only this process can reach. A program's socket is connected to it in
// place, so that its registrations with epoll, its duplicates and its flags stay what they are.
type hub struct {
	listener linux.FD
	ref      linux.FD
	// inode and cookie are those of listener.
	inode, cookie uint64

	mu sync.Mutex
}

func newHub(w *watcher) (*hub, error) {
	fd, err := linux.Socket(linux.AFUnix, linux.SockStream|linux.SockNonblock, 0)
	if err != nil {
		return nil, err
	}
	ref, err := w.bind(fd, func() {})
	if err == nil {
		err = linux.Listen(fd, 1)
	}
	if err != nil {
		fd.Close()
		ref.Close()
		return nil, fmt.Errorf("make the hub: %w", err)
	}
	h := &hub{listener: fd, ref: ref}
	if h.inode, h.cookie, err = identity(fd); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

// pair connects the program's socket and returns the other end. The lock spans both calls: the one connection
// in the queue is then the one just made. Neither call waits.
func (h *hub) pair(local linux.FD) (linux.FD, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := linux.Connect(local, reach(h.ref)); err != nil {
		return linux.NoFD, fmt.Errorf("connect the program's socket: %w", err)
	}
	fd, err := linux.Accept4(h.listener, 0)
	if err != nil {
		return linux.NoFD, fmt.Errorf("accept the program's socket: %w", err)
	}
	return fd, nil
}

func (h *hub) close() {
	h.listener.Close()
	h.ref.Close()
}
