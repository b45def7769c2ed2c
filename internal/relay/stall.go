package relay

import (
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// stall watches writes to the peer: while one waits, nobody else would notice that the program has closed its
// socket. It costs two atomic additions a write; the timer runs only while there is something to watch.
type stall struct {
	// writes is odd during a write.
	writes atomic.Uint64
	armed  atomic.Bool
	timer  *time.Timer
	// seen and ticks belong to the timer: the write that was under way last time, and for how long.
	seen  uint64
	ticks int
}

func (s *stall) begin(l *link) {
	s.writes.Add(1)
	if s.armed.Load() {
		return
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(l.limits.tick, func() { s.tick(l) })
	} else {
		s.timer.Reset(l.limits.tick)
	}
	s.armed.Store(true)
}

func (s *stall) pause() { s.writes.Add(1) }

// end is called when no more writes will come.
func (s *stall) end() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

// tick looks at the write under way and sets the timer again; without one it lets the timer rest.
func (s *stall) tick(l *link) {
	if s.armed.Load() && s.writes.Load()%2 == 0 {
		s.armed.Store(false)
	}
	now := s.writes.Load()
	if now%2 == 0 {
		return
	}
	s.armed.Store(true)
	if now != s.seen {
		s.seen, s.ticks = now, 0
	}
	s.ticks++
	if !l.stalled(time.Duration(s.ticks) * l.limits.tick) {
		s.timer.Reset(l.limits.tick)
	}
}

// stalled decides on a write that has been waiting for some time, and says whether it ended the connection.
func (l *link) stalled(waited time.Duration) bool {
	if !l.programGone() {
		return false
	}
	if l.wantsReset() {
		l.reset()
		return true
	}
	if waited < l.limits.stall {
		return false
	}
	l.fail(abi.Failf(abi.Reset, "send to the peer: it has read nothing for %v and the program has closed", waited))
	l.reset()
	return true
}
