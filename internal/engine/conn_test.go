package engine_test

import (
	"sync"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
)

// conn reads and writes as a blocking socket does. One goroutine may read while another writes.
type conn struct {
	*engine.Session
	mu sync.Mutex
	// buf holds what was received and not read; rest is the part of it.
	buf, rest []byte
}

func (c *conn) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		again, err := c.receive()
		if err != nil {
			return 0, err
		}
		if len(c.rest) == 0 && !again {
			c.wait(linux.PollIn)
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *conn) receive() (more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.Release()
	pieces, more, err := c.Receive()
	c.buf = c.buf[:0]
	for _, piece := range pieces {
		c.buf = append(c.buf, piece...)
	}
	c.rest = c.buf
	return more, err
}

func (c *conn) Write(p []byte) (done int, err error) {
	for done < len(p) && err == nil {
		n := 0
		err = c.sent(func() (bool, error) {
			for _, piece := range c.Room() {
				n += copy(piece, p[done+n:])
			}
			return c.WriteRoom(n)
		})
		done += n
	}
	if err != nil {
		return 0, err
	}
	return done, nil
}

func (c *conn) CloseWrite() error { return c.sent(c.Session.CloseWrite) }

// sent does something that sends, and waits until the network has all of it.
func (c *conn) sent(first func() (bool, error)) error {
	for do := first; ; do = c.Flush {
		c.mu.Lock()
		sent, err := do()
		c.mu.Unlock()
		if sent || err != nil {
			return err
		}
		c.wait(linux.PollOut)
	}
}

// wait waits for an event, or for the end of the connection, which the next call meets.
func (c *conn) wait(events int16) {
	number := linux.NoFD
	_ = c.Control(func(fd linux.FD) error {
		number = fd
		return nil
	})
	_, _ = linux.Poll(number, events, int(patience.Milliseconds()))
}
