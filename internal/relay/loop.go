package relay

import (
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// loop is a thread that waits for the events of many connections and carries what they bring, without ever waiting for
// one of them. A goroutine for each direction would cost memory while nothing happens, and two changes of threads for
// each event.
type loop struct {
	relay *Relay
	// tid is the thread's.
	tid   int
	epoll linux.FD
	// bell ends the loop.
	bell linux.FD
	// done is closed when it has ended.
	done chan struct{}

	mu    sync.Mutex
	links map[uint64]*link
	last  uint64

	// Of the thread: the links that have more to do without an event, and the wait for events. moved says that data went
	// on since the last one, to which somebody may answer.
	again   []*link
	eager   eager
	moved   bool
	balance balance
}

// batchMax is how many events one wait brings.
const batchMax = 64

// What an event is of: the lowest bits of its data. Above them is the number of the link.
const (
	sidePlain = iota
	sideNet
	sideBits = 1
	// bellID is no link's.
	bellID = 0
)

// newLoop starts a loop. A thread that waits in the kernel keeps one of the P of Go's scheduler for a while, at the cost of
// other goroutines, so a loop brings one along. r.mu is held.
func newLoop(r *Relay) (*loop, error) {
	l := &loop{relay: r, done: make(chan struct{}), links: map[uint64]*link{}, bell: linux.NoFD}
	var err error
	if l.epoll, err = linux.EpollCreate(); err != nil {
		return nil, fmt.Errorf("epoll_create1: %w", err)
	}
	if l.bell, err = linux.Eventfd(); err == nil {
		err = linux.EpollAdd(l.epoll, l.bell, linux.PollIn, bellID)
	}
	if err != nil {
		_, _ = l.bell.Close(), l.epoll.Close()
		return nil, fmt.Errorf("make a bell for an event loop: %w", err)
	}
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	running := make(chan struct{})
	go l.run(running)
	<-running
	return l, nil
}

// close ends the loop and waits for it.
func (l *loop) close() error {
	if err := linux.RingBell(l.bell); err != nil {
		return fmt.Errorf("end an event loop: %w", err)
	}
	<-l.done
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) - 1)
	_, _ = l.bell.Close(), l.epoll.Close()
	return nil
}

// event is what has become of a link.
type event struct {
	link *link
	side uint64
	mask uint32
}

// run has a thread of its own.
func (l *loop) run(running chan<- struct{}) {
	defer close(l.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	l.tid = linux.Gettid()
	close(running)
	ready := make([]linux.EpollReady, batchMax)
	events := make([]event, 0, batchMax)
	for {
		n, err := l.wait(ready)
		if err != nil {
			return // the descriptor is closed
		}
		events, ended := l.resolve(events[:0], ready[:n])
		if ended {
			return
		}
		for _, e := range events {
			if e.link.handle(l, e.side, e.mask) {
				l.again = append(l.again, e.link)
			}
			l.worked(e.link)
		}
		clear(events)
		l.goOn()
		l.review(time.Now())
	}
}

// wait gives the next events. Links with more to do do not let it wait.
func (l *loop) wait(ready []linux.EpollReady) (int, error) {
	if len(l.again) > 0 {
		return linux.EpollWaitFor(l.epoll, ready, 0)
	}
	moved := l.moved
	l.moved = false
	if moved && l.eager.worth() {
		for begun := time.Now(); time.Since(begun) < spinTime; linux.Yield() {
			n, err := linux.EpollWaitFor(l.epoll, ready, 0)
			if n > 0 || err != nil {
				l.eager.paid(n)
				return n, err
			}
		}
	}
	n, err := linux.EpollWaitFor(l.epoll, ready, -1)
	l.eager.woken(n)
	return n, err
}

// resolve finds the links of events. One that has ended meanwhile has none.
func (l *loop) resolve(events []event, ready []linux.EpollReady) (all []event, ended bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range ready {
		data := ready[i].Data()
		if data == bellID {
			return nil, true
		}
		if link := l.links[data>>sideBits]; link != nil {
			events = append(events, event{link, data & (1<<sideBits - 1), ready[i].Events})
		}
	}
	return events, false
}

// goOn lets each link that has more to do go on once, so that none keeps the others waiting.
func (l *loop) goOn() {
	rest := l.again[:0]
	for _, k := range l.again {
		if k.proceed(l) {
			rest = append(rest, k)
		}
	}
	clear(l.again[len(rest):])
	l.again = rest
}

// enter gives a link its number.
func (l *loop) enter(k *link) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.links[l.last] = k
	return l.last
}

func (l *loop) leave(id uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.links, id)
}
