package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A Call is one to carry out.
type Call struct {
	Method string
	body   json.RawMessage
	fds    []linux.FD
}

// Decode decodes what the call was made with.
func (c *Call) Decode(in any) error { return json.Unmarshal(c.body, in) }

// FD takes the next descriptor of the call, NoFD when there is none. Those that are not taken are closed after it.
func (c *Call) FD() linux.FD {
	if len(c.fds) == 0 {
		return linux.NoFD
	}
	fd := c.fds[0]
	c.fds = c.fds[1:]
	return fd
}

func (c *Call) close() {
	for _, fd := range c.fds {
		_ = fd.Close()
	}
}

// atOnce bounds the calls that are carried out at the same time; the others wait in the socket.
const atOnce = 64

// Serve takes over one end of a pair and carries out the calls of the other process until that ends, which is no error,
// or ctx is done. handle gives the result, or the error to return; it is called by many goroutines.
func Serve(ctx context.Context, fd linux.FD, handle func(context.Context, *Call) (any, error)) error {
	l, err := newLink(fd)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = l.f.Close() })
	defer stop()
	var work sync.WaitGroup
	defer work.Wait()
	defer cancel()
	places := make(chan struct{}, atOnce)
	b := make([]byte, packetMax)
	for {
		p, fds, err := l.receive(b)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("receive a call: %w", err)
		}
		places <- struct{}{}
		work.Go(func() {
			defer func() { <-places }()
			c := &Call{Method: p.Method, body: p.Body, fds: fds}
			defer c.close()
			_ = l.send(answer(ctx, p.ID, c, handle), nil) // who has gone needs no answer
		})
	}
}

func answer(ctx context.Context, id uint64, c *Call, handle func(context.Context, *Call) (any, error)) (p packet) {
	p = packet{ID: id, Failed: &failure{Text: c.Method + ": internal error"}}
	defer func() { _ = recover() }() // the failure is set
	out, err := handle(ctx, c)
	if err != nil {
		p.Failed = failureOf(err)
		return p
	}
	body, err := json.Marshal(out)
	if err != nil {
		p.Failed = failureOf(err)
		return p
	}
	return packet{ID: id, Body: body}
}
