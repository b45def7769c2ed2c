package daemon

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

// gcSlack is how much garbage may gather before a collection, in bytes; gcMost and gcLeast bound it in percent of
// what lives. Go itself allows 100 %: of the few megabytes a supervisor has, so little that every few connections a
// collection would empty the pools of buffers and shrink the stacks of the goroutines; of the hundreds that ten
// thousand connections take, so much that they would take twice that.
const (
	gcSlack = 32 << 20
	gcMost  = 400
	gcLeast = 50
)

// After a burst, such as thousands of handshakes, the stacks of the goroutines that wait are as deep as the handshakes
// were, and freed memory is still this process's. When next to nothing has been allocated for gcQuiet, less than
// gcCalm bytes, and more than gcBurst since the last time, all that is given back: each collection halves the stacks.
const (
	gcQuiet  = time.Second
	gcCalm   = 1 << 20
	gcBurst  = 8 << 20
	gcHalves = 3
)

// TuneGC paces the collector of this process from now on.
func TuneGC() {
	p := &pacer{percent: gcMost}
	p.timer = time.AfterFunc(gcQuiet, p.look)
	debug.SetGCPercent(gcMost)
	p.watch()
}

// pacer is told of each collection by the finalizer of something that nothing refers to.
type pacer struct {
	percent int
	timer   *time.Timer

	mu sync.Mutex
	// seen is what had been allocated when it was looked at last, trimmed when memory was given back last.
	seen, trimmed uint64
}

func (p *pacer) watch() {
	type sentinel struct{ *pacer } // small values without pointers share a block, and are never finalized
	runtime.SetFinalizer(&sentinel{p}, func(*sentinel) { p.adjust(); p.timer.Reset(gcQuiet); p.watch() })
}

// look gives memory back after a burst, or looks again later.
func (p *pacer) look() {
	p.mu.Lock()
	defer p.mu.Unlock()
	allocated := metric("/gc/heap/allocs:bytes")
	calm := Calm(allocated - p.seen)
	p.seen = allocated
	switch {
	case !calm:
		p.timer.Reset(gcQuiet)
	case Burst(allocated - p.trimmed):
		for range gcHalves {
			runtime.GC()
		}
		debug.FreeOSMemory()
		p.trimmed = metric("/gc/heap/allocs:bytes")
	}
}

// Calm says whether bytes allocated in gcQuiet are next to nothing.
func Calm(bytes uint64) bool { return bytes < gcCalm }

// Burst says whether bytes allocated since memory was given back are worth giving back again.
func Burst(bytes uint64) bool { return bytes > gcBurst }

func metric(name string) uint64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return s[0].Value.Uint64()
}

// adjust sets the pace for what lives now. Setting it stops all goroutines for a moment, so small changes are left.
func (p *pacer) adjust() {
	want := Pace(metric("/gc/heap/live:bytes"))
	if want > p.percent*5/4 || want < p.percent*4/5 {
		p.percent = want
		debug.SetGCPercent(want)
	}
}

// Pace is the percentage of garbage allowed when a number of bytes live.
func Pace(live uint64) int {
	return int(min(max(100*gcSlack/max(live, 1), gcLeast), gcMost))
}
