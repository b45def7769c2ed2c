package fetch

import (
	"context"
	"fmt"
	"sync"
)

// places bounds the fetches under way, among them those from one host, and those that wait: a slow responder delays
// only those who want something of it.
type places struct {
	running chan struct{}
	perHost int
	queue   int

	mu      sync.Mutex
	waiting int
	hosts   map[string]*host
}

// host is a host that something is fetched from, or is to be.
type host struct {
	running chan struct{}
	// waiting and users count those who wait, and all there are.
	waiting, users int
}

func newPlaces(c Config) *places {
	return &places{running: make(chan struct{}, c.Concurrent), perHost: c.PerHost, queue: c.Queue, hosts: map[string]*host{}}
}

// take waits for a place; the caller calls leave. ErrBusy says that too many wait already, or that none became free.
func (p *places) take(ctx context.Context, name string) (leave func(), err error) {
	h, err := p.enter(name)
	if err != nil {
		return nil, err
	}
	defer p.admitted(h)
	for i, door := range []chan struct{}{h.running, p.running} {
		select {
		case door <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-h.running
			}
			p.forget(name, h)
			return nil, fmt.Errorf("%w: no place within the time: %w", ErrBusy, ctx.Err())
		}
	}
	return func() {
		<-p.running
		<-h.running
		p.forget(name, h)
	}, nil
}

// enter joins those who wait. No host may have more than half of the queue.
func (p *places) enter(name string) (*host, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiting >= p.queue {
		return nil, fmt.Errorf("%w: %d wait", ErrBusy, p.queue)
	}
	h := p.hosts[name]
	if h == nil {
		h = &host{running: make(chan struct{}, p.perHost)}
		p.hosts[name] = h
	}
	if most := max(p.queue/2, 1); h.waiting >= most {
		return nil, fmt.Errorf("%w: %d wait for %.300q", ErrBusy, most, name)
	}
	p.waiting++
	h.waiting++
	h.users++
	return h, nil
}

func (p *places) admitted(h *host) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
	h.waiting--
}

func (p *places) forget(name string, h *host) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if h.users--; h.users == 0 {
		delete(p.hosts, name)
	}
}
