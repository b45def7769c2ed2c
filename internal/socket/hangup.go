package socket

import (
	"context"
	"fmt"
	"os"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// hangups tells of held sockets that programs close: one epoll instance for all, so that a held socket costs neither a
// goroutine nor a place in Go's poller, whose first event would only be the filler.
type hangups struct {
	file *os.File

	mu sync.Mutex
	// fd is that of file, NoFD once it is closed.
	fd   linux.FD
	last uint64
	told map[uint64]func()
}

func newHangups() (*hangups, error) {
	fd, err := linux.EpollCreate()
	if err != nil {
		return nil, fmt.Errorf("make an epoll instance: %w", err)
	}
	f, err := fd.File("hangups")
	if err != nil {
		fd.Close()
		return nil, err
	}
	return &hangups{file: f, fd: fd, told: map[uint64]func(){}}, nil
}

// watch has tell called, once, when the other end of an AF_UNIX connection is closed everywhere. It ends with unwatch.
func (h *hangups) watch(fd linux.FD, tell func()) (id uint64, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fd == linux.NoFD {
		return 0, nil // nobody is left who could close it
	}
	h.last++
	if err := linux.EpollAdd(h.fd, fd, linux.EpollOneshot, h.last); err != nil { // EPOLLHUP is always told
		return 0, fmt.Errorf("watch a held socket: %w", err)
	}
	h.told[h.last] = tell
	return h.last, nil
}

// unwatch ends a watch. One that is being told of is told of all the same.
func (h *hangups) unwatch(fd linux.FD, id uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.told[id] == nil || h.fd == linux.NoFD {
		return
	}
	delete(h.told, id)
	_ = linux.EpollRemove(h.fd, fd)
}

// run tells until ctx is done.
func (h *hangups) run(ctx context.Context) {
	defer context.AfterFunc(ctx, h.close)()
	list := make([]linux.EpollReady, 16)
	_ = linux.WaitRead(h.file, func(fd linux.FD) bool {
		for {
			n, err := linux.EpollWaitFor(fd, list, 0)
			for i := range max(n, 0) {
				h.tell(list[i].Data())
			}
			if err != nil || n < len(list) {
				return err != nil
			}
		}
	})
}

func (h *hangups) tell(id uint64) {
	h.mu.Lock()
	tell := h.told[id]
	h.mu.Unlock()
	if tell != nil {
		tell()
	}
}

func (h *hangups) close() {
	h.mu.Lock()
	h.fd = linux.NoFD
	h.mu.Unlock()
	_ = h.file.Close()
}
