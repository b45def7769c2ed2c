package relay

import (
	"slices"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// One loop does the work of all connections as long as it can: it then finds many events at once, where several loops
// would each be woken for a few. When its thread is busy, connections move to another loop, one at a time, until both
// have their share; when two have little to do, they move back to the first. Large transfers gain more from another
// thread than they lose by being woken, and their threads seldom have a processor for themselves.
const (
	// balanceTime is how often a loop that works looks at what the loops do.
	balanceTime = 10 * time.Millisecond
	// busyShare is the part of that time, in percent of a processor, from which on a loop gives connections away;
	// heavyShare is that of one whose events take heavyTime each on the average. moreShare is how much less another must
	// have to do to take them. Below mergeShare two loops together have little to do.
	busyShare  = 80
	heavyShare = 40
	heavyTime  = 15 * time.Microsecond
	moreShare  = 20
	mergeShare = 25
)

// balance is what a loop knows of the loops' work. It belongs to the loop's thread.
type balance struct {
	// since is when the time began, spent what the thread of each loop had used then, in the order of the loops, shares
	// what part of a processor it used in the time before, in percent, unknown where it was not there.
	since  time.Time
	spent  []time.Duration
	shares []int
	// events counts those since; only is the link that was worked on, several that it was not the only one.
	events  int
	only    *link
	several bool
	// to is where the next link that was worked on goes; nil is nowhere.
	to *loop
}

// worked notes that a link had something to do, and moves it when it should be elsewhere.
func (l *loop) worked(k *link) {
	b := &l.balance
	b.events++
	b.several = b.several || b.only != nil && b.only != k
	b.only = k
	if b.to != nil && k.move(l, b.to) {
		b.to = nil
	}
}

// review looks at what the loops did since the last time.
func (l *loop) review(now time.Time) {
	b := &l.balance
	elapsed := now.Sub(b.since)
	if elapsed < balanceTime {
		return
	}
	loops := l.relay.all()
	own, spent := slices.Index(loops, l), time.Duration(0)
	b.shares = b.shares[:0]
	for i, other := range loops {
		if i == len(b.spent) {
			b.spent = append(b.spent, unknown)
		}
		used, _ := linux.ThreadTime(other.tid) // a thread that has ended does nothing
		share := unknown
		if b.spent[i] != unknown {
			share = int(100 * (used - b.spent[i]) / elapsed)
		}
		if i == own {
			spent = used - max(b.spent[i], 0)
		}
		b.shares, b.spent[i] = append(b.shares, share), used
	}
	heavy := spent >= time.Duration(b.events)*heavyTime
	b.to = l.better(loops, own, heavy)
	b.since, b.events, b.only, b.several = now, 0, nil, false
}

// unknown is the share of a loop that was not there before.
const unknown = -1

// better is the loop to which a connection should move from the one at a place in the list.
func (l *loop) better(loops []*loop, at int, heavy bool) *loop {
	shares, own := l.balance.shares, l.balance.shares[at]
	if (own >= busyShare || heavy && own >= heavyShare) && l.balance.several {
		for i, share := range shares {
			if share != unknown && share+moreShare <= own {
				return loops[i]
			}
		}
		return l.relay.another(len(loops))
	}
	if own != unknown && shares[0] != unknown && at > 0 && own+shares[0] <= mergeShare {
		return loops[0]
	}
	return nil
}
