package daemon

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
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

// TuneGC paces the collector of this process from now on.
func TuneGC() {
	p := &pacer{percent: gcMost}
	debug.SetGCPercent(gcMost)
	p.watch()
}

// pacer is told of each collection by the finalizer of something that nothing refers to.
type pacer struct{ percent int }

func (p *pacer) watch() {
	type sentinel struct{ *pacer } // small values without pointers share a block, and are never finalized
	runtime.SetFinalizer(&sentinel{p}, func(*sentinel) { p.adjust(); p.watch() })
}

// adjust sets the pace for what lives now. Setting it stops all goroutines for a moment, so small changes are left.
func (p *pacer) adjust() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	want := gcMost
	if live[0].Value.Kind() == metrics.KindUint64 {
		want = Pace(live[0].Value.Uint64())
	}
	if want > p.percent*5/4 || want < p.percent*4/5 {
		p.percent = want
		debug.SetGCPercent(want)
	}
}

// Pace is the percentage of garbage allowed when a number of bytes live.
func Pace(live uint64) int {
	return int(min(max(100*gcSlack/max(live, 1), gcLeast), gcMost))
}
