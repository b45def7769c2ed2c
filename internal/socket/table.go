package socket

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Config is what a Table is made of.
type Config struct {
	Service Service
	// Dir is an existing directory only this process can write.
	Dir string
	// Max bounds the sockets of the tree.
	Max    int
	Wraps  Wraps
	Logger *slog.Logger
}

// Table holds the TLS sockets of a supervised tree. A socket's identity is its SO_COOKIE; the inode finds it.
type Table struct {
	service Service
	max     int
	log     *slog.Logger
	watch   *watcher
	hub     *hub
	plain   *plain
	hangups *hangups
	wraps   Wraps
	places  places
	alike   alike
	// profiles are asked only where the service says so when the tree starts.
	profiles *profiles
	routes   map[optionKey]route
	work     sync.WaitGroup
	// wake tells the sweeper of a loose socket, full that there are many.
	wake, full chan struct{}
	// forking keeps a child of ours, which has all our descriptors, from being taken for one of the tree.
	forking sync.RWMutex
	tree    linux.Tree

	mu      sync.Mutex
	sockets map[uint64]*Socket // by inode
	// loose are those of sockets of whose end nothing will tell; bound is how many of them are many.
	loose  map[*Socket]struct{}
	bound  int
	closed bool
}

// NewTable makes an empty table. Run must be called for it to notice closed sockets.
func NewTable(c Config) (*Table, error) {
	w, err := newWatcher(c.Dir)
	if err != nil {
		return nil, err
	}
	h, err := newHub(w)
	if err != nil {
		_ = w.close()
		return nil, err
	}
	p, err := newPlain(c.Max)
	if err != nil {
		h.close()
		_ = w.close()
		return nil, err
	}
	gone, err := newHangups()
	if err != nil {
		_ = p.close()
		h.close()
		_ = w.close()
		return nil, err
	}
	return &Table{
		service: c.Service, max: c.Max, log: c.Logger, watch: w, hub: h, plain: p, hangups: gone, routes: routes(),
		wraps: c.Wraps, places: places{known: map[string]map[netip.Addr]bool{}}, profiles: newProfiles(c.Service),
		sockets: map[uint64]*Socket{}, loose: map[*Socket]struct{}{}, bound: looseBound, wake: make(chan struct{}, 1), full: make(chan struct{}, 1),
	}, nil
}

// Empty says whether the tree has no TLS socket at all: no descriptor can then be one.
func (t *Table) Empty() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.sockets) == 0
}

// Handle is a socket for the time of one call, with a duplicate of the program's descriptor.
type Handle struct {
	*Socket
	// Local shares its open file description with the program.
	Local linux.FD
	// FD is the program's number for it.
	FD   int
	Task Task
}

// Close gives the duplicate back.
func (h *Handle) Close() { h.Local.Close() }

// Find gives the socket behind a task's descriptor; nil when it is not one of the table.
func (t *Table) Find(task Task, fd int) (*Handle, error) {
	if t.Empty() {
		return nil, nil
	}
	inode, ok := task.Inode(fd)
	if !ok {
		return nil, nil
	}
	s := t.byInode(inode)
	if s == nil {
		return nil, nil
	}
	local, err := task.Descriptor(fd)
	if err != nil {
		return nil, fmt.Errorf("duplicate descriptor %d of the program: %w", fd, err)
	}
	cookie, err := linux.SocketCookie(local)
	if err != nil || cookie != s.cookie {
		local.Close()
		return nil, nil
	}
	return &Handle{Socket: s, Local: local, FD: fd, Task: task}, nil
}

func (t *Table) byInode(inode uint64) *Socket {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sockets[inode]
}

// errFull is what a program meets at the bound of its tree.
var errFull = fmt.Errorf("the supervised programs have too many TLS sockets: %w", linux.EMFILE)

// add enters a socket under the identity of its program's end. At the bound it first looks for sockets that
// are gone, as long as there may be any.
func (t *Table) add(s *Socket, local linux.FD) error {
	inode, cookie, err := identity(local)
	if err != nil {
		return err
	}
	s.cookie, s.inode, s.table = cookie, inode, t
	if t.enter(s) {
		return nil
	}
	if t.anyLoose() {
		if _, err := t.Sweep(); err != nil {
			return err
		}
	}
	if !t.enter(s) {
		return errFull
	}
	return nil
}

// enter adds s; false at the bound and after Close.
func (t *Table) enter(s *Socket) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.sockets) >= t.max {
		return false
	}
	t.replace(s.inode, s)
	return true
}

// identity is the inode and the SO_COOKIE of a socket of ours.
func identity(fd linux.FD) (inode, cookie uint64, err error) {
	if cookie, err = linux.SocketCookie(fd); err != nil {
		return 0, 0, fmt.Errorf("read SO_COOKIE: %w", err)
	}
	if inode, err = linux.Inode(fd); err != nil {
		return 0, 0, fmt.Errorf("find the inode of a socket: %w", err)
	}
	return inode, cookie, nil
}

// replace enters s; a socket that had the same inode before is gone for certain.
func (t *Table) replace(inode uint64, s *Socket) {
	if old := t.sockets[inode]; old != nil {
		delete(t.loose, old)
		t.work.Go(old.release)
	}
	t.sockets[inode] = s
}

// drop gives back all that a socket holds and takes it out.
func (t *Table) drop(s *Socket) {
	s.release()
	t.unlist(s)
}

// unlist takes a socket out that the program does not have.
func (t *Table) unlist(s *Socket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.loose, s)
	if t.sockets[s.inode] == s {
		delete(t.sockets, s.inode)
	}
}

// newID makes a TLS_ID, which is never 0.
func newID() uint64 {
	var b [8]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return binary.NativeEndian.Uint64(b[:]) | 1
}

// invalid makes an error for a wrong value.
func invalid(format string, args ...any) error { return abi.Failf(abi.Invalid, format, args...) }
