package relay

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// A Relay moves the data of connections. It has one loop for each processor at most, and none before its first
// connection. It is safe for concurrent use.
type Relay struct {
	limits limits
	most   int
	mu     sync.Mutex
	// loops is replaced when it grows.
	loops  []*loop
	closed bool
}

// New makes a Relay.
func New() *Relay {
	return &Relay{most: runtime.NumCPU(), limits: limits{linger: LingerTime, discard: LingerBytes, stall: StallTime}}
}

// Plain is the program's side of a connection: our end of an AF_UNIX stream pair, which the relay owns. The first Filler
// bytes in its receive queue are not the program's; with none there is no lag byte before the program writes.
type Plain struct {
	End    linux.FD
	Filler int
}

// Start relays between p and s until both directions have ended, closes both and calls done, once and from a goroutine
// of its own. A cancelled ctx resets both sides. The error is why a connection did not end as it should: of the session,
// or of ctx.
func (r *Relay) Start(ctx context.Context, p Plain, s Session, done func(error)) {
	l := newLink(p.End, s, r.limits, done)
	l.queue.known = p.Filler
	var err error
	if l.loop, err = r.loop(); err == nil {
		err = l.begin(ctx)
	}
	if err != nil {
		l.abort(abi.Failf(abi.Reset, "relay to the program: %w", err))
	}
}

// errClosed is a Relay after its Close.
var errClosed = errors.New("the relay is closed")

// loop is the one for a new connection: the first. It moves from there when it should (balance.go).
func (r *Relay) loop() (*loop, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.loops) > 0 {
		return r.loops[0], nil
	}
	return r.grow()
}

// grow starts a loop. r.mu is held.
func (r *Relay) grow() (*loop, error) {
	if r.closed {
		return nil, errClosed
	}
	l, err := newLoop(r)
	if err == nil {
		r.loops = append(slices.Clip(r.loops), l)
	}
	return l, err
}

// all are the loops there are.
func (r *Relay) all() []*loop {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loops
}

// another starts a loop, unless there are others than the known ones, or as many as there may be.
func (r *Relay) another(known int) *loop {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.loops) != known || known >= r.most {
		return nil
	}
	l, _ := r.grow() // one more is no necessity
	return l
}

// Close ends the loops. Connections must have ended before.
func (r *Relay) Close() error {
	r.mu.Lock()
	r.closed = true
	loops := r.loops
	r.mu.Unlock()
	var errs []error
	for _, l := range loops {
		errs = append(errs, l.close())
	}
	return errors.Join(errs...)
}
