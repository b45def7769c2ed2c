package plugin

import (
	"sync"
	"time"
)

// pendingMax bounds the requests without an answer.
const pendingMax = 256

// pending are the requests that one run of the plugin has not answered yet. Whoever asked may have left.
type pending struct {
	mu       sync.Mutex
	next     uint64
	waiting  map[uint64]waiter
	answered time.Time // when the latest answer came; the start before the first
	answers  int
	ended    error
}

type waiter struct {
	sent  time.Time
	reply chan<- answer
}

func newPending(now time.Time) *pending {
	return &pending{waiting: map[uint64]waiter{}, answered: now}
}

// add makes room for a request and gives its identifier; not ok when there is no room, or no plugin any more.
func (p *pending) add(now time.Time, reply chan<- answer) (id uint64, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil || len(p.waiting) == pendingMax {
		return 0, false
	}
	p.next++
	p.waiting[p.next] = waiter{now, reply}
	return p.next, true
}

// drop forgets a request that was not sent.
func (p *pending) drop(id uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
}

// take gives the answer to whoever waits for it; false when nobody was ever promised one. reply has room for it.
func (p *pending) take(a answer, now time.Time) bool {
	p.mu.Lock()
	w, ok := p.waiting[a.ID]
	if ok {
		delete(p.waiting, a.ID)
		p.answered = now
		p.answers++
	}
	p.mu.Unlock()
	if ok {
		w.reply <- a
	}
	return ok
}

// hangs says whether the plugin has left a request without an answer for as long as patience, and answered no other
// request meanwhile.
func (p *pending) hangs(now time.Time, patience time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.waiting {
		since := w.sent
		if p.answered.After(since) {
			since = p.answered
		}
		if now.Sub(since) >= patience {
			return true
		}
	}
	return false
}

// none says whether there was not one answer yet.
func (p *pending) none() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.answers == 0
}

// end refuses requests from now on.
func (p *pending) end(why error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == nil {
		p.ended = why
	}
}

// why is the reason for the end, nil before it.
func (p *pending) why() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}
