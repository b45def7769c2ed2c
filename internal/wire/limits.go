package wire

import (
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// Limits bound what a server does for its supervisors. Root's are bounded by the totals only: what runs as root could
// end the service anyway, and a server that starts as root serves many.
type Limits struct {
	// Peers bounds the supervisors of one user and of all.
	Peers, PeersTotal int
	// Greeting bounds the connections of one user, root too, that have not said hello yet.
	Greeting int
	// GreetingTime is how long they may take.
	GreetingTime time.Duration
	// Calls bounds the calls under way of one supervisor.
	Calls int
	// Listeners and Conns bound those of one user, ConnsTotal the connections of all.
	Listeners, Conns, ConnsTotal int
	// Memory bounds what a user's requests, listeners and connections take, in bytes, by the estimates below; MemoryTotal
	// bounds all.
	Memory, MemoryTotal int64
}

// DefaultLimits are the limits of a machine that has memory bytes and a process that may open files descriptors.
func DefaultLimits(memory int64, files int) Limits {
	total := max(memory/4, 128<<20)
	return Limits{
		Peers: 1024, PeersTotal: max(files/16, 64), Greeting: 128, GreetingTime: 10 * time.Second, Calls: 4096,
		Listeners: 1024, Conns: max(files/8, 64), ConnsTotal: max(files/3, 64),
		Memory: total / 2, MemoryTotal: total,
	}
}

// Estimates of memory in bytes: what each thing takes, and how much larger than its text a certificate is when parsed.
const (
	callCost = 16 << 10
	connCost = 32 << 10
	parsing  = 4
)

// amount is what something takes of the limits.
type amount struct {
	greeting, peers, listeners, conns int
	memory                            int64
}

func (a amount) plus(b amount) amount {
	return amount{
		greeting: a.greeting + b.greeting, peers: a.peers + b.peers, listeners: a.listeners + b.listeners,
		conns: a.conns + b.conns, memory: a.memory + b.memory,
	}
}

func (a amount) minus(b amount) amount {
	return a.plus(amount{-b.greeting, -b.peers, -b.listeners, -b.conns, -b.memory})
}

// ledger counts what is in use.
type ledger struct {
	limits Limits

	mu    sync.Mutex
	users map[int]amount
	all   amount
}

func newLedger(l Limits) *ledger { return &ledger{limits: l, users: map[int]amount{}} }

// take counts a use for a user; release gives it back. Beyond a limit it is *abi.Failure of kind Exhausted.
func (l *ledger) take(uid int, a amount) (release func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	user, all := l.users[uid].plus(a), l.all.plus(a)
	if err := l.check(uid, user, all); err != nil {
		return nil, err
	}
	l.users[uid], l.all = user, all
	return sync.OnceFunc(func() { l.give(uid, a) }), nil
}

func (l *ledger) give(uid int, a amount) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = l.all.minus(a)
	if l.users[uid] = l.users[uid].minus(a); l.users[uid] == (amount{}) {
		delete(l.users, uid)
	}
}

func (l *ledger) check(uid int, user, all amount) error {
	m := l.limits
	for _, row := range []struct {
		what      string
		use, most int64
		root      bool
	}{
		{"connections of this user to it that say nothing", int64(user.greeting), int64(m.Greeting), true},
		{"supervisors of this user", int64(user.peers), int64(m.Peers), false},
		{"supervisors", int64(all.peers), int64(m.PeersTotal), true},
		{"listeners of this user", int64(user.listeners), int64(m.Listeners), false},
		{"connections of this user", int64(user.conns), int64(m.Conns), false},
		{"connections", int64(all.conns), int64(m.ConnsTotal), true},
		{"bytes in use for this user", user.memory, m.Memory, false},
		{"bytes in use", all.memory, m.MemoryTotal, true},
	} {
		if row.use > row.most && (row.root || uid != 0) {
			return abi.Failf(abi.Exhausted, "the TLS service is at its limit of %d %s", row.most, row.what)
		}
	}
	return nil
}
