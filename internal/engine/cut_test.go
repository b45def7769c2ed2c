package engine_test

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/engine"
)

// cut is a wire between two ends that breaks after some records and bytes of one direction; after -1, never.
type cut struct {
	after, within int
	fromClient    bool
	reset         bool
	// records counts those that passed, from the client and from the server.
	records [2]int
}

// through does a handshake over the wire.
func (s sides) through(t *testing.T, c *cut) outcome {
	t.Helper()
	client, near := pair(t)
	far, server := pair(t)
	a, b := tcp(t, near), tcp(t, far)
	var wg sync.WaitGroup
	wg.Go(func() { c.carry(a, b, true) })
	wg.Go(func() { c.carry(b, a, false) })
	e := engine.New(engine.Config{})
	o := s.shakeOn(t, e, e, [2]*os.File{client, server})
	t.Cleanup(wg.Wait)
	t.Cleanup(o.close)
	return o
}

func tcp(t *testing.T, f *os.File) *net.TCPConn {
	t.Helper()
	c, _ := connOf(t, f).(*net.TCPConn)
	return c
}

// carry moves records until the wire breaks or an end closes.
func (c *cut) carry(from, to *net.TCPConn, fromClient bool) {
	breaks := c.after >= 0 && c.fromClient == fromClient
	for n := 0; ; n++ {
		if breaks && n == c.after {
			_, _ = io.CopyN(to, from, int64(c.within))
			c.sever(from, to)
			return
		}
		header := make([]byte, 5)
		if _, err := io.ReadFull(from, header); err != nil {
			_ = to.CloseWrite()
			return
		}
		body := make([]byte, binary.BigEndian.Uint16(header[3:]))
		if _, err := io.ReadFull(from, body); err != nil {
			_ = to.CloseWrite()
			return
		}
		if _, err := to.Write(append(header, body...)); err != nil {
			return
		}
		if fromClient {
			c.records[0] = n + 1
		} else {
			c.records[1] = n + 1
		}
	}
}

func (c *cut) sever(ends ...*net.TCPConn) {
	for _, e := range ends {
		if c.reset {
			_ = e.SetLinger(0)
		}
		_ = e.Close()
	}
}
