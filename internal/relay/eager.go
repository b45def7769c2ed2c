package relay

import "time"

// spinTime is how long a loop looks for the next event again and again before it waits. Most answers of a peer or a
// program nearby come sooner, and to be woken takes about as long. The thread lets every other one go first meanwhile.
const spinTime = 50 * time.Microsecond

const (
	// lossMax is how many times in a row it may be in vain, trialEvery how often it is tried again afterwards.
	lossMax    = 16
	trialEvery = 64
	// crowdUnit is one event of a wait, crowdMax the most that waits bring on the average for it to be worth it: with
	// more there is work enough, and the processor has better things to do.
	crowdUnit = 256
	crowdMax  = crowdUnit * 5 / 4
)

// eager says when that is worth the processor's time.
type eager struct{ losses, crowd int }

func (e *eager) worth() bool {
	e.losses++
	return e.crowd <= crowdMax && (e.losses <= lossMax || e.losses%trialEvery == 0)
}

// paid is called when it has brought n events, woken when a wait has.
func (e *eager) paid(n int) {
	e.losses = 0
	e.woken(n)
}

func (e *eager) woken(n int) { e.crowd += (n*crowdUnit - e.crowd) / 8 }
