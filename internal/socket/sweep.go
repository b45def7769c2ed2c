package socket

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Nothing tells that the program has closed a socket which was never bound nor connected, or whose connection
// had ended before. Such sockets are loose; they are looked for in /proc/net/unix, at first a second after the
// last change, then ever less often while nothing is found, and at once when many have gathered.
const (
	sweepSoon  = time.Second
	sweepLate  = 30 * time.Second
	looseBound = 512
)

// Run notices what the program closes, until ctx is done.
func (t *Table) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = t.watch.close() })
	defer stop()
	t.work.Go(func() { t.sweeps(ctx) })
	return t.watch.run()
}

func (t *Table) sweeps(ctx context.Context) {
	for wait(ctx, t.wake, nil) {
		for pause := sweepSoon; t.anyLoose() && wait(ctx, t.full, time.After(pause)); {
			n, err := t.Sweep()
			if err != nil {
				t.log.Warn("look for closed sockets", "error", err)
			}
			pause = next(pause, n)
		}
	}
}

// wait waits for a signal or the end of a pause; false when ctx is done.
func wait(ctx context.Context, signal <-chan struct{}, pause <-chan time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-signal:
	case <-pause:
	}
	return true
}

func next(pause time.Duration, found int) time.Duration {
	if found > 0 {
		return sweepSoon
	}
	return min(2*pause, sweepLate)
}

func (t *Table) anyLoose() bool {
	if t.plain.any() {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.sockets {
		if s.loose.Load() || s.ended() {
			return true
		}
	}
	return false
}

// ended says whether the connection is over: our end of the program's socket is then closed.
func (s *Socket) ended() bool {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn == nil {
		return false
	}
	select {
	case <-conn.Done():
		return true
	default:
		return false
	}
}

// loosen marks a socket whose end nothing will tell.
func (t *Table) loosen(s *Socket) {
	s.loose.Store(true)
	notify(t.wake)
	if t.churn.Add(1)%looseBound == 0 {
		notify(t.full)
	}
}

func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Sweep drops the sockets that no longer exist and returns how many these were.
func (t *Table) Sweep() (int, error) {
	plain, err := t.plain.sweep()
	if err != nil {
		return 0, err
	}
	n, err := t.sweep()
	return plain + n, err
}

func (t *Table) sweep() (int, error) {
	missing := t.all()
	alive, err := unixInodes()
	if err != nil {
		return 0, err
	}
	for inode := range missing {
		if alive[inode] {
			delete(missing, inode)
		}
	}
	if len(missing) == 0 {
		return 0, nil
	}
	if err := t.confirm(missing); err != nil {
		return 0, err
	}
	for _, s := range missing {
		t.drop(s)
	}
	return len(missing), nil
}

// confirm takes out of missing what exists. The list of sockets is not read in one piece: one that is there can
// be passed over when others go meanwhile. The kernel is asked about each; where it cannot be, which its saying
// that there is no hub shows, the list is read some times more.
func (t *Table) confirm(missing map[uint64]*Socket) error {
	diag, err := linux.NewUnixDiag()
	if err != nil {
		return readAgain(missing)
	}
	defer diag.Close()
	if ok, err := diag.Exists(uint32(t.hub.inode), t.hub.cookie); err != nil || !ok {
		return readAgain(missing)
	}
	for inode, s := range missing {
		ok, err := diag.Exists(uint32(inode), s.cookie)
		if err != nil {
			return err
		}
		if ok {
			delete(missing, inode)
		}
	}
	return nil
}

// readings is how often a socket has to be missing.
const readings = 4

func readAgain(missing map[uint64]*Socket) error {
	for range readings {
		alive, err := unixInodes()
		if err != nil {
			return err
		}
		for inode := range missing {
			if alive[inode] {
				delete(missing, inode)
			}
		}
	}
	return nil
}

func (t *Table) all() map[uint64]*Socket {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := make(map[uint64]*Socket, len(t.sockets))
	for inode, s := range t.sockets {
		m[inode] = s
	}
	return m
}

// unixInodes lists the AF_UNIX sockets of this network namespace.
func unixInodes() (map[uint64]bool, error) {
	f, err := os.Open("/proc/self/net/unix")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	inodes := map[uint64]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if inode, ok := parseUnixInode(lines.Bytes()); ok {
			inodes[inode] = true
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read /proc/self/net/unix: %w", err)
	}
	return inodes, nil
}

// parseUnixInode takes the inode out of a line of /proc/net/unix (proc(5)): the seventh field.
func parseUnixInode(line []byte) (uint64, bool) {
	const inode = 6
	fields := bytes.Fields(line)
	if len(fields) <= inode {
		return 0, false
	}
	n, err := strconv.ParseUint(string(fields[inode]), 10, 64)
	return n, err == nil
}

// Close ends what the sockets of the table still do, once the tree is gone: listeners and connects. Relays go
// on until they have sent what the program wrote.
func (t *Table) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	for _, s := range t.all() {
		t.drop(s)
	}
	t.work.Wait()
	t.hub.close()
	return t.plain.close()
}
