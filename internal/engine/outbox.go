package engine

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/securesocketapi/ssa/internal/linux"
)

// outbox holds sealed records that the kernel does not have yet, in the order in which they were sealed: what the
// writer made, and what is said to the peer besides (alerts, answers to KeyUpdate). The latter waits for the next
// flush when there is something before it, which comes before the next record of data (RFC 8446, section 4.6.3, asks
// no more).
type outbox struct {
	chunks []chunk
	// copied is how many bytes lie in runs, for the bound.
	copied int
	// holding is set while records are gathered for one flush.
	holding bool
}

// chunk is a part of what waits: either all that is left of a room, or of copies in a run.
type chunk struct {
	rest []byte
	room *room
	run  *[]byte
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
	return len(p), s.say(p)
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

// say sends a copy of sealed records, behind all that was sealed before them.
func (s *stream) say(p []byte) error {
	o := &s.out
	if len(o.chunks) == 0 && !o.holding {
		rest, err := s.give(p)
		if err != nil || len(rest) == 0 {
			return err
		}
		p = rest
	}
	return o.add(p)
}

// add puts copies behind everything else.
func (o *outbox) add(p []byte) error {
	if o.copied+len(p) > backlogMax {
		return errBacklog
	}
	last := len(o.chunks) - 1
	if last < 0 || o.chunks[last].run == nil || len(o.chunks[last].rest)+len(p) > cap(o.chunks[last].rest) {
		run, _ := runs.Get().(*[]byte)
		o.chunks = append(o.chunks, chunk{rest: *run, run: run})
		last++
	}
	o.chunks[last].rest = append(o.chunks[last].rest, p...)
	o.copied += len(p)
	return nil
}

// flush gives the kernel what waits, as far as the network takes it, and says whether that was all.
func (s *stream) flush() (bool, error) {
	o := &s.out
	o.holding = false
	for len(o.chunks) > 0 {
		c := &o.chunks[0]
		n, err := s.socket.send(c.rest)
		if errors.Is(err, linux.EAGAIN) {
			return false, nil
		}
		if err != nil {
			o.drop()
			return false, err
		}
		if c.run != nil {
			o.copied -= n
		}
		if c.rest = c.rest[n:]; len(c.rest) == 0 {
			c.giveBack()
			o.chunks = append(o.chunks[:0], o.chunks[1:]...)
		}
	}
	return true, nil
}

// give sends sealed records that nothing waits before, and gives back what the network did not take.
func (s *stream) give(p []byte) ([]byte, error) {
	n, err := s.socket.send(p)
	if errors.Is(err, linux.EAGAIN) {
		err = nil
	}
	return p[max(n, 0):], err
}

// drop forgets what waits.
func (o *outbox) drop() {
	for i := range o.chunks {
		o.chunks[i].giveBack()
	}
	o.chunks, o.copied = nil, 0
}

func (c *chunk) giveBack() {
	if c.room != nil {
		rooms.Put(c.room)
	}
	if c.run != nil {
		runs.Put(c.run)
	}
	*c = chunk{}
}
