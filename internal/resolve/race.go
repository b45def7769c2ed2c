package resolve

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// AttemptDelay is how long one attempt has before the next begins beside it: the Connection Attempt Delay of
// RFC 8305, section 5.
const AttemptDelay = 250 * time.Millisecond

// ErrNoAddress is what Race gives for an empty list.
var ErrNoAddress = errors.New("no address to connect to")

// Race makes attempts at the addresses in their order and gives the first success (RFC 8305, section 5). An
// attempt begins AttemptDelay after the one before, or at once when a running one fails.
//
// Every attempt runs in a goroutine of its own, with a context that ends as soon as another succeeds, ctx ends
// or Race returns; what a successful attempt yields must not depend on that context. Race returns only when
// all attempts have, so an attempt must return soon after its context ended. A success that comes too late, or
// after ctx ended, is given to discard.
//
// When all fail the error is that of the last address, as a loop over the result of getaddrinfo(3) has it.
// When ctx ends first the error wraps its cause.
func Race[T any](ctx context.Context, addrs []netip.Addr, attempt func(context.Context, netip.Addr) (T, error), discard func(T)) (T, error) {
	var none T
	if len(addrs) == 0 {
		return none, ErrNoAddress
	}
	attempts, cancel := context.WithCancel(ctx)
	r := &race[T]{addrs: addrs, outcomes: make(chan outcome[T], len(addrs))}
	r.begin = func(i int) {
		v, err := attempt(attempts, addrs[i])
		r.outcomes <- outcome[T]{index: i, value: v, err: err}
	}
	value, err := r.run(ctx)
	cancel()
	for ; r.running > 0; r.running-- {
		if late := <-r.outcomes; late.err == nil {
			discard(late.value)
		}
	}
	return value, err
}

// outcome is how one attempt ended.
type outcome[T any] struct {
	index int
	value T
	err   error
}

// race is the state of one call of Race. Only its goroutine touches it, the attempts only send outcomes.
type race[T any] struct {
	addrs    []netip.Addr
	begin    func(i int)
	outcomes chan outcome[T]
	// started and running count attempts.
	started, running int
	// last is the error of the failed attempt with the greatest index.
	last outcome[T]
}

// start begins the next attempt, if one is left.
func (r *race[T]) start(timer *time.Timer) {
	if r.started == len(r.addrs) {
		return
	}
	go r.begin(r.started)
	r.started++
	r.running++
	timer.Reset(AttemptDelay)
}

// run ends with the first success, the last failure or ctx. Attempts may still be running then.
func (r *race[T]) run(ctx context.Context) (T, error) {
	var none T
	timer := time.NewTimer(AttemptDelay)
	defer timer.Stop()
	r.start(timer)
	for r.running > 0 {
		select {
		case o := <-r.outcomes:
			r.running--
			if o.err == nil {
				return o.value, nil
			}
			r.fail(o)
			r.start(timer)
		case <-timer.C:
			r.start(timer)
		case <-ctx.Done():
			return none, fmt.Errorf("connect to %s: %w", list(r.tried()), context.Cause(ctx))
		}
	}
	return none, r.last.err
}

func (r *race[T]) fail(o outcome[T]) {
	if r.last.err == nil || o.index > r.last.index {
		r.last = o
	}
}

// tried lists the addresses begun, for a message: the first four and how many more.
func (r *race[T]) tried() []string {
	var tried []string
	for _, a := range r.addrs[:r.started] {
		tried = append(tried, a.String())
	}
	if more := len(tried) - 4; more > 0 {
		tried = append(tried[:4], fmt.Sprintf("%d more", more))
	}
	return tried
}
