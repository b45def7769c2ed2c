package relay

import (
	"context"
	"errors"
	"os"
	"time"
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
	ended := make(chan error, 1)
	r.Start(ctx, Plain{plain, filler}, s, func(err error) { ended <- err })
	return errors.Join(<-ended, r.Close())
}
