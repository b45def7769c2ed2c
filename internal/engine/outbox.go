package engine

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
)

// outbox gathers sealed records so that one system call carries a run of them. Nothing stays in it unnoticed:
//
//   - what Session.Write and Session.CloseWrite produce between hold and flush goes out with that flush,
//   - what crypto/tls writes on its own (alerts, the answer to KeyUpdate) goes out at once; when the network
//     takes no more, or a flush is under way, it waits behind the run for that flush or for the next, which
//     comes before the next record of data (RFC 8446, section 4.6.3, asks no more).
type outbox struct {
	mu sync.Mutex
	// run is what the kernel does not have yet, nil when there is nothing.
	run *[]byte
	// holding is set from hold to flush, flushing while a flush waits for the network.
	holding, flushing bool
	// transmit is stream.transmit, bound once so that sending allocates nothing; the others are its parameter
	// and results.
	transmit func(fd uintptr)
	now      []byte
	sent     int
	err      error
}

// errBacklog is a peer that asks for answers and does not read them.
var errBacklog = fmt.Errorf("the peer does not read: %d bytes of records wait for it", backlogMax)

// Write takes whole records from crypto/tls.
func (s *stream) Write(p []byte) (int, error) {
	if !s.started.Load() {
		s.last = lastRecord(p)
		return linux.SendAll(s.f, p)
	}
	if s.mute {
		return len(p), nil
	}
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	return s.control(p)
}

// lastRecord is a copy of the last of whole records.
func lastRecord(p []byte) []byte {
	for len(p) > frameHeader {
		n := frameHeader + int(p[3])<<8 + int(p[4])
		if n >= len(p) {
			break
		}
		p = p[n:]
	}
	return bytes.Clone(p)
}

// control sends a record behind all that was sealed before it. out.mu is held.
func (s *stream) control(p []byte) (int, error) {
	sent := 0
	if s.out.run == nil && !s.out.holding && !s.out.flushing {
		n, err := s.send(p)
		if err != nil {
			return n, err
		}
		sent = n
	}
	if sent < len(p) {
		if err := s.out.add(p[sent:]); err != nil {
			return sent, err
		}
	}
	return len(p), nil
}

// send writes what the network takes at once.
func (s *stream) send(p []byte) (int, error) {
	s.out.now = p
	err := s.raw.Control(s.out.transmit)
	s.out.now = nil
	if err != nil {
		return 0, err
	}
	if errors.Is(s.out.err, linux.EAGAIN) {
		return 0, nil
	}
	return max(s.out.sent, 0), s.out.err
}

func (s *stream) transmit(fd uintptr) { s.out.sent, s.out.err = linux.Send(linux.FD(fd), s.out.now) }

func (o *outbox) add(p []byte) error {
	if o.run == nil {
		o.run, _ = runs.Get().(*[]byte)
	}
	if len(*o.run)+len(p) > backlogMax {
		return errBacklog
	}
	*o.run = append(*o.run, p...)
	return nil
}

// hold makes Write gather until flush. One goroutine at a time holds and flushes.
func (s *stream) hold() {
	s.out.mu.Lock()
	s.out.holding = true
	s.out.mu.Unlock()
}

// flush gives everything gathered to the kernel, waiting as long as that takes.
func (s *stream) flush() error {
	for {
		run := s.out.next()
		if run == nil {
			return nil
		}
		_, err := linux.SendAll(s.f, *run)
		*run = (*run)[:0]
		runs.Put(run)
		if err != nil {
			s.out.next()
			return err
		}
	}
}

// sendRun gives sealed records to the kernel, behind those that waited when they were sealed, and then what has
// been sealed since.
func (s *stream) sendRun(waiting *[]byte, run []byte) error {
	var err error
	if waiting != nil {
		_, err = linux.SendAll(s.f, *waiting)
		*waiting = (*waiting)[:0]
		runs.Put(waiting)
	}
	if err == nil {
		_, err = linux.SendAll(s.f, run)
	}
	if err != nil {
		s.out.next()
		return err
	}
	return s.flush()
}

// next takes the run and says that a flush is under way while there is one.
func (o *outbox) next() *[]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	run := o.run
	o.run, o.holding, o.flushing = nil, false, run != nil
	return run
}
