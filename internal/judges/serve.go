package judges

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// request is the body of methodJudge.
type request struct {
	question
	// Deadline is when nobody waits any more.
	Deadline time.Time `json:"deadline"`
}

// A Bench is the judges of one configuration, by their names.
type Bench map[string]judge.Judge

// NewBench makes a Bench of judges.
func NewBench(list ...judge.Judge) Bench {
	b := Bench{}
	for _, j := range list {
		b[j.Name()] = j
	}
	return b
}

// Changed says whether what a judge knows has changed since it was asked last.
func (b Bench) Changed() (changed bool) {
	for _, j := range b {
		if w, ok := j.(judge.Watcher); ok {
			select {
			case <-w.Changes():
				changed = true
			default:
			}
		}
	}
	return changed
}

// Close ends what the judges have started.
func (b Bench) Close() {
	for _, j := range b {
		if c, ok := j.(io.Closer); ok {
			_ = c.Close()
		}
	}
}

// seat is a bench that is in use.
type seat struct {
	bench Bench
	// asked counts the questions that are being answered.
	asked sync.WaitGroup
	// retire ends watching it.
	retire context.CancelFunc
}

// process is the state of Serve.
type process struct {
	load func() (Bench, error)
	work sync.WaitGroup

	mu   sync.Mutex
	seat *seat
	// changes counts what changed in the answers of the judges; changed is closed, and made anew, when it rises.
	changes uint64
	changed chan struct{}
}

// Serve is the process: it loads a bench and answers the service at the other end of fd until that ends. Reloading
// replaces the bench.
func Serve(ctx context.Context, fd linux.FD, load func() (Bench, error)) error {
	p := &process{load: load, changed: make(chan struct{})}
	if err := p.reload(ctx); err != nil {
		return err
	}
	err := rpc.Serve(ctx, fd, p.answer)
	p.replace(nil)
	p.work.Wait()
	return err
}

func (p *process) answer(ctx context.Context, c *rpc.Call) (any, error) {
	switch c.Method {
	case methodJudge:
		return p.judge(ctx, c)
	case methodReload:
		return nil, p.reload(ctx)
	case methodSources:
		return p.sources(c)
	case methodUpdate:
		return p.update(ctx)
	case methodChanged:
		var seen uint64
		if err := c.Decode(&seen); err != nil {
			return nil, err
		}
		return p.wait(ctx, seen)
	}
	return nil, fmt.Errorf("there is no method %.40q", c.Method)
}

func (p *process) judge(ctx context.Context, c *rpc.Call) (any, error) {
	var in request
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	s := p.sit()
	defer s.asked.Done()
	j := s.bench[in.Judge]
	if j == nil {
		return nil, fmt.Errorf("there is no judge %.80q", in.Judge)
	}
	q, err := in.decode()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithDeadline(ctx, in.Deadline)
	defer cancel()
	v := j.Judge(ctx, q)
	return verdict{Answer: v.Answer, Kind: v.Kind, Reason: v.Reason, Until: v.Until}, nil
}

// sit is the seat for one question; its asked must be told when that is answered.
func (p *process) sit() *seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seat.asked.Add(1)
	return p.seat
}

// reload puts a new bench in the place of the old one.
func (p *process) reload(ctx context.Context) error {
	bench, err := p.load()
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	for _, j := range bench {
		if w, ok := j.(judge.Watcher); ok {
			p.work.Go(func() { p.watch(watching, w) })
		}
	}
	p.replace(&seat{bench: bench, retire: stop})
	return nil
}

// replace ends the seat that is in use, once what it was asked is answered.
func (p *process) replace(next *seat) {
	p.mu.Lock()
	old := p.seat
	if next != nil {
		p.seat = next
	}
	p.mu.Unlock()
	if old == nil {
		return
	}
	old.retire()
	p.work.Go(func() {
		old.asked.Wait()
		old.bench.Close()
	})
	p.tell()
}

// watch tells of what a judge learns, until its bench is replaced.
func (p *process) watch(ctx context.Context, w judge.Watcher) {
	for {
		select {
		case <-w.Changes():
			p.tell()
		case <-ctx.Done():
			return
		}
	}
}

// wait waits for more changes than were seen and says how many there are.
func (p *process) wait(ctx context.Context, seen uint64) (any, error) {
	for {
		p.mu.Lock()
		n, changed := p.changes, p.changed
		p.mu.Unlock()
		if n > seen {
			return n, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (p *process) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes++
	close(p.changed)
	p.changed = make(chan struct{})
}
