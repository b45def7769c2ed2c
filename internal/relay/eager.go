package relay

import "time"

// spinTime is how long a loop looks for the next event again and again before it waits. Most answers of a peer or a
// program nearby come sooner, and to be woken takes about as long. The thread lets every other one go first meanwhile.
const spinTime = 50 * time.Microsecond

const (
	// lossMax is how many times in a row it may be in vain, trialEvery how often it is tried again afterwards.
	lossMax    = 16
	trialEvery = 64
)

// eager says when that is worth the processor's time.
type eager struct{ losses int }

func (e *eager) worth() bool {
	e.losses++
	return e.losses <= lossMax || e.losses%trialEvery == 0
}

func (e *eager) paid() { e.losses = 0 }
