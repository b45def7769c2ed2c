package rpc

import (
	"errors"
	"io"
	"os"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// link sends and receives packets. Any goroutine may send, one receives.
type link struct {
	f *os.File

	mu sync.Mutex // of sending
}

// newLink takes over a socket.
func newLink(fd linux.FD) (*link, error) {
	f, err := fd.File("daemon")
	if err != nil {
		return nil, errors.Join(err, fd.Close())
	}
	return &link{f: f}, nil
}

// send sends one packet, waiting for room. The descriptors stay the caller's.
func (l *link) send(p packet, fds []linux.FD) error {
	b, err := p.encode()
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := linux.WaitWrite(l.f, func(fd linux.FD) bool {
		err = linux.SendPacket(fd, b, fds)
		return !errors.Is(err, linux.EAGAIN)
	})
	if wait != nil || errors.Is(err, linux.EPIPE) || errors.Is(err, linux.ECONNRESET) {
		return ErrGone
	}
	return err
}

// receive waits for a packet. The descriptors are the caller's. The end of the other side is io.EOF.
func (l *link) receive(b []byte) (packet, []linux.FD, error) {
	var got linux.Packet
	var err error
	wait := linux.WaitRead(l.f, func(fd linux.FD) bool {
		got, err = linux.RecvPacket(fd, b)
		return !errors.Is(err, linux.EAGAIN)
	})
	if wait != nil || errors.Is(err, linux.ECONNRESET) { // the other side has ended with a result unread
		return packet{}, nil, io.EOF
	}
	if err != nil {
		return packet{}, nil, err
	}
	if got.N == 0 {
		got.Close()
		return packet{}, nil, io.EOF
	}
	var p packet
	if got.Cut || got.Lost {
		err = errors.New("a message that is too large")
	} else {
		p, err = parse(b[:got.N])
	}
	if err != nil {
		got.Close()
		return packet{}, nil, err
	}
	return p, got.FDs, nil
}
