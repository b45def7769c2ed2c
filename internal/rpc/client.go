package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A Client makes calls to the process at the other end. It is safe for concurrent use.
type Client struct {
	link *link
	// gone is closed when the other process has ended.
	gone chan struct{}

	mu    sync.Mutex
	last  uint64
	calls map[uint64]chan packet
}

// NewClient takes over one end of a pair.
func NewClient(fd linux.FD) (*Client, error) {
	l, err := newLink(fd)
	if err != nil {
		return nil, err
	}
	c := &Client{link: l, gone: make(chan struct{}), calls: map[uint64]chan packet{}}
	go c.receive()
	return c, nil
}

// Gone is closed when the other process has ended or Close was called.
func (c *Client) Gone() <-chan struct{} { return c.gone }

// Close ends the link.
func (c *Client) Close() error {
	err := c.link.f.Close()
	<-c.gone
	return err
}

func (c *Client) receive() {
	defer close(c.gone)
	b := make([]byte, packetMax)
	for {
		p, fds, err := c.link.receive(b)
		if err != nil {
			return
		}
		for _, fd := range fds {
			_ = fd.Close() // results have none
		}
		c.mu.Lock()
		call := c.calls[p.ID]
		delete(c.calls, p.ID)
		c.mu.Unlock()
		if call != nil {
			call <- p // has room for one
		}
	}
}

// A Request is a call to make.
type Request struct {
	Method string
	// In is what it is made with, as JSON has it.
	In any
	// FDs go with it and stay the caller's; linux.PacketFDsMax at most.
	FDs []linux.FD
}

// Call calls a method and decodes its result into out unless that is nil. When ctx is done nobody waits for the result
// any more; the method goes on.
func (c *Client) Call(ctx context.Context, r Request, out any) error {
	body, err := json.Marshal(r.In)
	if err != nil {
		return err
	}
	id, result := c.begin()
	defer c.forget(id)
	if err := c.link.send(packet{ID: id, Method: r.Method, Body: body}, r.FDs); err != nil {
		return fmt.Errorf("%s: %w", r.Method, err)
	}
	select {
	case p := <-result:
		if p.Failed != nil {
			return p.Failed.error()
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(p.Body, out)
	case <-c.gone:
		return fmt.Errorf("%s: %w", r.Method, ErrGone)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (c *Client) begin() (uint64, <-chan packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	result := make(chan packet, 1)
	c.calls[c.last] = result
	return c.last, result
}

func (c *Client) forget(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.calls, id)
}
