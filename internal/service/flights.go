package service

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// flights are the unfinished handshakes of one listener, oldest first. A handshake too many costs the oldest its
// place: who never finishes denies nobody.
type flights struct {
	max int

	mu    sync.Mutex
	order list.List
}

// errOverrun is why a handshake ends that had to make room.
var errOverrun = errors.New("too many handshakes at once, and this was the oldest")

// begin takes off and gives the way to land.
func (f *flights) begin(cancel context.CancelCauseFunc) (end func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.order.Len() >= f.max {
		oldest := f.order.Front()
		f.order.Remove(oldest)
		if cancel, ok := oldest.Value.(context.CancelCauseFunc); ok {
			cancel(errOverrun)
		}
	}
	e := f.order.PushBack(cancel)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		// Removing one that has made room already does nothing.
		f.order.Remove(e)
	}
}
