package relay

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// A Relay moves the data of connections. It has one loop for each processor at most, and none before its first
// connection. It is safe for concurrent use.
type Relay struct {
	limits limits
	mu     sync.Mutex
	loops  []*loop
	next   int
	closed bool
}

// New makes a Relay.
func New() *Relay {
	return &Relay{limits: limits{linger: LingerTime, discard: LingerBytes, stall: StallTime}}
}

// Plain is the program's side of a connection: our end of an AF_UNIX stream pair. The first Filler bytes in its receive
// queue are not the program's; with none there is no lag byte before the program writes.
type Plain struct {
	End    *os.File
	Filler int
}

// Start relays between p and s until both directions have ended, closes both and calls done, once and from a goroutine
// of its own. A cancelled ctx resets both sides. The error is why a connection did not end as it should: of the session,
// or of ctx.
func (r *Relay) Start(ctx context.Context, p Plain, s Session, done func(error)) {
	fd, err := linux.Detach(p.End)
	l := newLink(fd, s, r.limits, done)
	l.queue.known = p.Filler
	if err == nil {
		l.loop, err = r.loop()
	}
	if err == nil {
		err = l.begin(ctx)
	}
	if err != nil {
		l.abort(abi.Failf(abi.Reset, "relay to the program: %w", err))
	}
}

// errClosed is a Relay after its Close.
var errClosed = errors.New("the relay is closed")

// loop gives the connections to the loops in turn.
func (r *Relay) loop() (*loop, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errClosed
	}
	if len(r.loops) < runtime.NumCPU() {
		l, err := newLoop()
		if err != nil {
			return nil, err
		}
		r.loops = append(r.loops, l)
		return l, nil
	}
	r.next = (r.next + 1) % len(r.loops)
	return r.loops[r.next], nil
}

// Close ends the loops. Connections must have ended before.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	loops := r.loops
	r.loops = nil
	r.mu.Unlock()
	var errs []error
	for _, l := range loops {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
