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
// had ended before. Such sockets are loose; the kernel is asked which there are, at first a second after the
// last change, then ever less often while nothing is found, and at once when many have gathered: so many, that what
// it costs to look does not grow with the sockets there are, for each of them.
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
	t.work.Go(func() { t.hangups.run(ctx) })
	return t.watch.run()
}

func (t *Table) sweeps(ctx context.Context) {
	for wait(ctx, t.wake, nil) {
		for pause := sweepSoon; t.anyLoose() && wait(ctx, t.full, time.After(pause)); {
			n, err := t.sweepLoose()
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
	return len(t.loose) > 0
}

// loosen marks a socket whose end nothing will tell. One that has left the table already has come to its end.
func (s *Socket) loosen() {
	t := s.table
	t.mu.Lock()
	in := t.sockets[s.inode] == s
	if in {
		t.loose[s] = struct{}{}
	}
	many := len(t.loose) >= t.bound
	t.mu.Unlock()
	if in {
		notify(t.wake)
	}
	if many {
		notify(t.full)
	}
}

// tighten undoes loosen: something will tell.
func (s *Socket) tighten() {
	s.table.mu.Lock()
	defer s.table.mu.Unlock()
	delete(s.table.loose, s)
}

func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Sweep drops the sockets that no longer exist and returns how many these were.
func (t *Table) Sweep() (int, error) { return t.sweep(t.all()) }

// sweepLoose is Sweep of the loose ones.
func (t *Table) sweepLoose() (int, error) {
	t.mu.Lock()
	loose := make(map[uint64]*Socket, len(t.loose))
	for s := range t.loose {
		loose[s.inode] = s
	}
	t.mu.Unlock()
	n, err := t.sweep(loose)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bound = looseBound + 2*len(t.loose)
	return n, err
}

// sweep drops those of some sockets that no longer exist, and plain ones.
func (t *Table) sweep(missing map[uint64]*Socket) (int, error) {
	plain, err := t.plain.sweep()
	if err != nil || len(missing) == 0 {
		return plain, err
	}
	if err := t.keep(missing); err != nil {
		return plain, err
	}
	for _, s := range missing {
		t.drop(s)
	}
	return plain + len(missing), nil
}

// keep takes out of missing what exists. Where the kernel cannot be asked about sockets, which its saying that there is no
// hub shows, their list in /proc is read instead.
func (t *Table) keep(missing map[uint64]*Socket) error {
	diag, err := linux.NewUnixDiag()
	if err != nil {
		return readList(missing)
	}
	defer diag.Close()
	if ok, err := diag.Exists(uint32(t.hub.inode), t.hub.cookie); err != nil || !ok {
		return readList(missing)
	}
	whole, err := diag.List(func(inode uint64) { delete(missing, inode) })
	if err != nil {
		return err
	}
	for inode, s := range missing {
		if whole && s.fixed() {
			continue
		}
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

// fixed says whether the program's end has its place in the kernel's list for good: to bind a socket moves it, perhaps to
// where a reader has been already.
func (s *Socket) fixed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

// readings is how often a socket has to be missing: the list is not read in one piece, and one that is there can be passed
// over when others go meanwhile.
const readings = 5

func readList(missing map[uint64]*Socket) error {
	for range readings {
		if err := eachUnixInode(func(inode uint64) { delete(missing, inode) }); err != nil {
			return err
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

// eachUnixInode tells of the AF_UNIX sockets of this network namespace.
func eachUnixInode(tell func(inode uint64)) error {
	f, err := os.Open("/proc/self/net/unix")
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if inode, ok := parseUnixInode(lines.Bytes()); ok {
			tell(inode)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read /proc/self/net/unix: %w", err)
	}
	return nil
}

// parseUnixInode takes the inode out of a line of /proc/net/unix (proc(5)): the seventh field.
func parseUnixInode(line []byte) (uint64, bool) {
	const inode = 6
	i := 0
	for field := range bytes.FieldsSeq(line) {
		if i == inode {
			n, err := strconv.ParseUint(string(field), 10, 64)
			return n, err == nil
		}
		i++
	}
	return 0, false
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
	t.hangups.close()
	t.hub.close()
	return t.plain.close()
}
