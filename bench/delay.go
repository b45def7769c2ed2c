package main

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// delayOneWay is how long bytes travel in each direction.
const delayOneWay = 10 * time.Millisecond

// delay is a network with a delay: a relay that holds every byte for a while, for kernels without netem(8). The
// handshake of TCP itself is not delayed, for anybody.
type delay struct {
	listener net.Listener
	port     string
	to       string
	ctx      context.Context
	running  sync.WaitGroup
}

func startDelay(ctx context.Context, to string) (*delay, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &delay{listener: l, to: "127.0.0.1:" + to, ctx: ctx}
	_, d.port, err = net.SplitHostPort(l.Addr().String())
	d.running.Go(d.accept)
	return d, err
}

func (d *delay) close() {
	_ = d.listener.Close()
	d.running.Wait()
}

func (d *delay) accept() {
	for {
		near, err := d.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp4", d.to)
		if err != nil {
			_ = near.Close()
			continue
		}
		d.running.Go(func() {
			var both sync.WaitGroup
			both.Go(func() { d.carry(near, far) })
			both.Go(func() { d.carry(far, near) })
			both.Wait()
			_, _ = near.Close(), far.Close()
		})
	}
}

// held is bytes on their way.
type held struct {
	due   time.Time
	bytes []byte
}

// carry moves bytes and then the end, each after its delay.
func (d *delay) carry(from, to net.Conn) {
	way := make(chan held, 4096)
	d.running.Go(func() {
		defer close(way)
		for {
			b := make([]byte, 64<<10)
			n, err := from.Read(b)
			if n > 0 {
				way <- held{time.Now().Add(delayOneWay), b[:n]}
			}
			if err != nil {
				return
			}
		}
	})
	var failed error
	for h := range way {
		select {
		case <-time.After(time.Until(h.due)):
		case <-d.ctx.Done():
		}
		if failed == nil {
			_, failed = to.Write(h.bytes)
		}
	}
	if half, ok := to.(*net.TCPConn); ok && !errors.Is(failed, io.ErrClosedPipe) {
		_ = half.CloseWrite()
	}
}
