package engine

import (
	"os"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// socket is the TCP socket of an established session. No call on it waits; who waits for its events is told the
// descriptor. The lock keeps the number from being used after it was closed.
type socket struct {
	mu sync.Mutex
	fd linux.FD
}

// with runs fn, which must not wait, on the descriptor.
func (k *socket) with(fn func(linux.FD) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd == linux.NoFD {
		return os.ErrClosed
	}
	return fn(k.fd)
}

func (k *socket) read(b []byte) (int, error) { return k.transfer(linux.Read, b) }

func (k *socket) send(b []byte) (int, error) { return k.transfer(linux.Send, b) }

func (k *socket) transfer(call func(linux.FD, []byte) (int, error), b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd == linux.NoFD {
		return 0, os.ErrClosed
	}
	return call(k.fd, b)
}

func (k *socket) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fd == linux.NoFD {
		return os.ErrClosed
	}
	fd := k.fd
	k.fd = linux.NoFD
	return fd.Close()
}
