package socket

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// watcher tells when the program has closed the last descriptor of a socket that is not connected: nothing is
// at the other end of it to notice.
//
// It binds the program's AF_UNIX socket to a path, makes a second link to the same inode, opens that with
// O_PATH and removes both names. The socket now holds the last reference to the first name; when it is closed
// the inode has no name left and inotify(7) reports IN_DELETE_SELF. The second link is for connecting to the
// socket through /proc/self/fd, which nobody else can.
type watcher struct {
	dir    string
	events *os.File

	mu      sync.Mutex
	watches map[int32]func()
}

// newWatcher makes sockets in dir, which must be writable by this process only.
func newWatcher(dir string) (*watcher, error) {
	fd, err := linux.InotifyInit()
	if err != nil {
		return nil, fmt.Errorf("inotify_init1: %w", err)
	}
	f, err := fd.File("inotify")
	if err != nil {
		fd.Close()
		return nil, err
	}
	return &watcher{dir: dir, events: f, watches: map[int32]func(){}}, nil
}

// run delivers events until close.
func (w *watcher) run() error {
	b := make([]byte, 4096)
	for {
		n, err := w.events.Read(b)
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read inotify events: %w", err)
		}
		for _, e := range linux.InotifyParse(b[:n]) {
			if closed := w.take(e); closed != nil {
				closed()
			}
		}
	}
}

func (w *watcher) take(e linux.InotifyEvent) func() {
	if e.Mask&linux.InotifyDeleteSelf == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	closed := w.watches[e.Watch]
	delete(w.watches, e.Watch)
	return closed
}

func (w *watcher) close() error { return w.events.Close() }

// bind binds a socket and calls closed once its last descriptor is gone. The result is an O_PATH descriptor
// to connect to it through.
func (w *watcher) bind(s linux.FD, closed func()) (linux.FD, error) {
	name := make([]byte, 16)
	rand.Read(name) // never fails (crypto/rand)
	first := filepath.Join(w.dir, hex.EncodeToString(name))
	second := first + "+"
	if err := linux.Bind(s, unixSockaddr(first)); err != nil {
		return linux.NoFD, fmt.Errorf("bind the program's socket to %s: %w", first, err)
	}
	defer os.Remove(first)
	if err := os.Link(first, second); err != nil {
		return linux.NoFD, err
	}
	defer os.Remove(second)
	ref, err := linux.OpenPath(second)
	if err != nil {
		return linux.NoFD, fmt.Errorf("open %s: %w", second, err)
	}
	if err := w.add(second, closed); err != nil {
		ref.Close()
		return linux.NoFD, err
	}
	return ref, nil
}

func (w *watcher) add(path string, closed func()) error {
	w.mu.Lock()
	defer w.mu.Unlock() // held across the call, so that an event finds its entry
	return linux.Control(w.events, func(fd linux.FD) error {
		wd, err := linux.InotifyAddWatch(fd, path)
		if err != nil {
			return fmt.Errorf("inotify_add_watch %s: %w (see /proc/sys/fs/inotify/max_user_watches)", path, err)
		}
		w.watches[wd] = closed
		return nil
	})
}

// reach is the address of a socket behind an O_PATH descriptor of this process.
func reach(ref linux.FD) []byte {
	return unixSockaddr("/proc/self/fd/" + strconv.Itoa(int(ref)))
}
