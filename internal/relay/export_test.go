package relay

import (
	"context"
	"os"
	"time"
)

// RunBriefly is Run with bounds that a test can wait for.
func RunBriefly(ctx context.Context, plain *os.File, s Session, filler int) error {
	l := newLink(plain, s)
	l.limits = limits{linger: 50 * time.Millisecond, discard: LingerBytes, stall: 50 * time.Millisecond, tick: 10 * time.Millisecond}
	return l.run(ctx, filler)
}
