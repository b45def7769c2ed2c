package fetch

import (
	"context"
	"fmt"
	"sync"
)

// places bounds the fetches under way and those that wait, among them those for each host: one slow responder must
// not delay the others.
type places struct {
	running chan struct{}
	perHost int

	mu      sync.Mutex
	waiting int
	queue   int
	hosts   map[string]int
}

func newPlaces(c Config) *places {
	return &places{running: make(chan struct{}, c.Concurrent), perHost: c.PerHost, queue: c.Queue, hosts: map[string]int{}}
}

// take waits for a place; the caller calls leave. ErrBusy says that too many wait already.
func (p *places) take(ctx context.Context, host string) (leave func(), err error) {
	if err := p.enter(host); err != nil {
		return nil, err
	}
	select {
	case p.running <- struct{}{}:
		p.begin()
		return func() { <-p.running; p.forget(host) }, nil
	case <-ctx.Done():
		p.begin()
		p.forget(host)
		return nil, fmt.Errorf("%w: no place within the time: %w", ErrBusy, ctx.Err())
	}
}

func (p *places) enter(host string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts[host] >= p.perHost {
		return fmt.Errorf("%w: %d fetches from %.300q are under way", ErrBusy, p.perHost, host)
	}
	if p.waiting >= p.queue {
		return fmt.Errorf("%w: %d fetches wait", ErrBusy, p.queue)
	}
	p.hosts[host]++
	p.waiting++
	return nil
}

func (p *places) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting--
}

func (p *places) forget(host string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hosts[host]--; p.hosts[host] == 0 {
		delete(p.hosts, host)
	}
}
