package launch

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

const sigint linux.Signal = 2

// sighted runs a test in fake time with what the supervisor sees coming from a channel.
func sighted(t *testing.T, test func(*testing.T, *sightings, chan<- os.Signal)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		signals := make(chan os.Signal, 8)
		s := newSightings()
		go s.collect(signals)
		test(t, s, signals)
		close(signals)
	})
}

func TestSightings(t *testing.T) {
	t.Run("ok the supervisor was first", func(t *testing.T) {
		sighted(t, func(t *testing.T, s *sightings, signals chan<- os.Signal) {
			signals <- sigint
			synctest.Wait()
			begin := time.Now()
			if !s.both(sigint) || time.Since(begin) != 0 {
				t.Errorf("not found, or only after %v", time.Since(begin))
			}
		})
	})
	t.Run("ok the supervisor is a little later", func(t *testing.T) {
		sighted(t, func(t *testing.T, s *sightings, signals chan<- os.Signal) {
			begin := time.Now()
			time.AfterFunc(sightingWait/2, func() { signals <- sigint })
			if !s.both(sigint) || time.Since(begin) != sightingWait/2 {
				t.Errorf("not found, or only after %v", time.Since(begin))
			}
		})
	})
	t.Run("bad the front alone got it", func(t *testing.T) {
		sighted(t, func(t *testing.T, s *sightings, signals chan<- os.Signal) {
			begin := time.Now()
			time.AfterFunc(sightingWait/2, func() { signals <- linux.SIGTERM })
			if s.both(sigint) || time.Since(begin) != sightingWait {
				t.Errorf("found, or given up after %v", time.Since(begin))
			}
		})
	})
	t.Run("bad one sighting stands for one signal", func(t *testing.T) {
		sighted(t, func(t *testing.T, s *sightings, signals chan<- os.Signal) {
			signals <- sigint
			if !s.both(sigint) || s.both(sigint) {
				t.Error("want the first found and the second not")
			}
		})
	})
	t.Run("bad an old sighting is of another signal", func(t *testing.T) {
		sighted(t, func(t *testing.T, s *sightings, signals chan<- os.Signal) {
			signals <- sigint
			time.Sleep(sightingLife)
			if s.both(sigint) {
				t.Error("found")
			}
		})
	})
	t.Run("ok each signal is seen for itself", func(t *testing.T) {
		sighted(t, func(t *testing.T, s *sightings, signals chan<- os.Signal) {
			signals <- sigint
			signals <- linux.SIGTERM
			if !s.both(linux.SIGTERM) || !s.both(sigint) {
				t.Error("not both found")
			}
		})
	})
}
