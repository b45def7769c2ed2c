package syscalls

import (
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A thread whose call was received is only woken by a fatal signal, so that answers are not lost. One that
// waits long is looked at instead, often at first and then less so.
const (
	lookOften  = 50 * time.Millisecond
	lookSeldom = 200 * time.Millisecond
	lookLong   = 20 // looks before it is seldom
)

// waiter is the clock of a blocked call.
type waiter struct {
	server *Server
	call   *call
	tick   <-chan time.Time
	limit  <-chan time.Time
	ticker *time.Ticker
	timer  *time.Timer
	looks  int
}

// newWaiter makes one; a limit of 0 is none.
func (s *Server) newWaiter(c *call, limit time.Duration) *waiter {
	w := &waiter{server: s, call: c, ticker: time.NewTicker(lookOften)}
	w.tick = w.ticker.C
	if limit > 0 {
		w.timer = time.NewTimer(limit)
		w.limit = w.timer.C
	}
	s.mu.Lock()
	s.waiting[w] = struct{}{}
	s.mu.Unlock()
	return w
}

// Settle ends the calls of threads that are gone, which hold their sockets open until somebody looks.
func (s *Server) Settle() {
	s.mu.Lock()
	var gone []*waiter
	for w := range s.waiting {
		if !w.call.Valid() {
			gone = append(gone, w)
		}
	}
	s.mu.Unlock()
	for _, w := range gone {
		w.ticker.Reset(1) // look now
		<-w.call.ended
	}
}

func (w *waiter) stop() {
	w.server.mu.Lock()
	delete(w.server.waiting, w)
	w.server.mu.Unlock()
	w.ticker.Stop()
	if w.timer != nil {
		w.timer.Stop()
	}
}

// interrupted says what to answer when the thread should not wait any longer, 0 when it may.
func (w *waiter) interrupted() linux.Errno {
	if w.looks++; w.looks == lookLong {
		w.ticker.Reset(lookSeldom)
	}
	if !w.call.Valid() {
		return linux.EINTR // nobody hears it
	}
	switch w.call.Interrupted() {
	case linux.Restart:
		if w.timer != nil {
			return linux.EINTR // a call with a timeout is never restarted (signal(7))
		}
		return linux.ERESTARTSYS
	case linux.Interrupt:
		return linux.EINTR
	case linux.NotInterrupted:
	}
	return 0
}
