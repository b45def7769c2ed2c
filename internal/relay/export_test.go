package relay

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Run relays one connection and waits for its end.
func Run(ctx context.Context, plain *os.File, s Session, filler int) error {
	return run(ctx, New(), plain, s, filler)
}

// RunBriefly is Run with bounds that a test can wait for.
func RunBriefly(ctx context.Context, plain *os.File, s Session, filler int) error {
	r := New()
	r.limits.linger, r.limits.stall = 50*time.Millisecond, 50*time.Millisecond
	return run(ctx, r, plain, s, filler)
}

func run(ctx context.Context, r *Relay, plain *os.File, s Session, filler int) error {
	fd, err := linux.Detach(plain)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	r.Start(ctx, Plain{fd, filler}, s, func(err error) { ended <- err })
	return errors.Join(<-ended, r.Close())
}

// Shuffle moves every connection to another loop.
func (r *Relay) Shuffle() {
	r.mu.Lock()
	for len(r.loops) < 2 {
		_, _ = r.grow()
	}
	loops := r.loops
	r.mu.Unlock()
	for i, l := range loops {
		for _, k := range l.all() {
			k.move(l, loops[(i+1)%len(loops)])
		}
	}
}

func (l *loop) all() (list []*link) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range l.links {
		list = append(list, k)
	}
	return list
}

// Better says to which loop, by its number, a connection of loop at should move; -1 is none, len(shares) a new one.
func Better(shares []int, at int, heavy, several bool) int {
	r := &Relay{most: len(shares) + 1}
	for range shares {
		r.loops = append(r.loops, &loop{relay: r})
	}
	l := r.loops[at]
	l.balance.shares, l.balance.several = shares, several
	to := l.better(r.loops, at, heavy)
	if to != nil && len(r.loops) > len(shares) {
		_ = to.close()
	}
	return slices.Index(r.loops, to)
}
