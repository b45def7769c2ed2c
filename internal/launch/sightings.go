package launch

import (
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A signal from the terminal, or to the process group or the control group, reaches the program by itself.
// The supervisor is in the same groups: what the front gets and the supervisor does not was meant for one
// process, and that is the program.

// Times within which the kernel or a service manager signals the processes of a group.
const (
	sightingWait = 30 * time.Millisecond
	sightingLife = time.Second
)

// sightings are the signals the supervisor has got itself.
type sightings struct {
	mu   sync.Mutex
	last map[linux.Signal]time.Time
	more chan struct{}
}

func newSightings() *sightings {
	return &sightings{last: map[linux.Signal]time.Time{}, more: make(chan struct{}, 1)}
}

func (s *sightings) collect(signals <-chan os.Signal) {
	for sig := range signals {
		n, ok := sig.(linux.Signal)
		if !ok {
			continue
		}
		s.mu.Lock()
		s.last[n] = time.Now()
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
}

// both says whether the supervisor has got the front's signal too.
func (s *sightings) both(n linux.Signal) bool {
	deadline := time.NewTimer(sightingWait)
	defer deadline.Stop()
	for {
		if s.take(n) {
			return true
		}
		select {
		case <-s.more:
		case <-deadline.C:
			return s.take(n)
		}
	}
}

func (s *sightings) take(n linux.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.last[n]
	delete(s.last, n)
	return ok && time.Since(at) < sightingLife
}
