package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// A link sends and receives messages on one socket. Post never waits: what may be in the queue is bounded by the calls,
// connections and listeners there are, and waitRoom bounds the answers to calls that were refused.
type link struct {
	f *os.File

	mu    sync.Mutex
	queue []message
	// sending is set while write has messages that are no longer in queue.
	sending, ended bool
	// filled has a token when there is something in queue, sent when some of it has been sent.
	filled, emptied chan struct{}
	// over is closed with the link.
	over chan struct{}
}

// A message is one to send. Its descriptors are closed once it has been.
type message struct {
	kind    kind
	id      uint64
	payload []byte
	fds     []linux.FD
	// sent is called once the message is on its way or will never be; it may be nil.
	sent func()
}

// finish gives back what a message holds.
func (m message) finish() {
	for _, fd := range m.fds {
		_ = fd.Close()
	}
	if m.sent != nil {
		m.sent()
	}
}

// newLink takes over a connected socket in non-blocking mode.
func newLink(fd linux.FD) (*link, error) {
	f, err := fd.File("tls service")
	if err != nil {
		return nil, errors.Join(err, fd.Close())
	}
	return &link{f: f, filled: make(chan struct{}, 1), emptied: make(chan struct{}, 1), over: make(chan struct{})}, nil
}

// errLinkEnded is what happens to messages for a link that has ended.
var errLinkEnded = errors.New("the connection between the supervisor and the TLS service has ended")

// post queues a message. With an error it has been given back.
func (l *link) post(m message) error {
	if len(m.payload) > inlineMax {
		body, err := linux.SealedMemory("ssa-message", m.payload)
		if err != nil {
			m.finish()
			return err
		}
		m.fds = append([]linux.FD{body}, m.fds...)
	}
	l.mu.Lock()
	ended := l.ended
	if !ended {
		l.queue = append(l.queue, m)
	}
	l.mu.Unlock()
	if ended {
		m.finish()
		return errLinkEnded
	}
	select {
	case l.filled <- struct{}{}:
	default:
	}
	return nil
}

// write sends what is posted until the link ends. An error of the socket ends it; who receives meets it too.
func (l *link) write() {
	for {
		select {
		case <-l.over:
			return
		case <-l.filled:
		}
		for _, m := range l.take() {
			err := l.send(m)
			m.finish()
			if err != nil {
				l.close()
			}
		}
		l.rest()
	}
}

func (l *link) take() []message {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.queue
	l.queue, l.sending = nil, true
	return list
}

func (l *link) rest() {
	l.mu.Lock()
	l.sending = false
	l.mu.Unlock()
	select {
	case l.emptied <- struct{}{}:
	default:
	}
}

// pending says whether posted messages have not been sent yet.
func (l *link) pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.ended && (l.sending || len(l.queue) > 0)
}

// queueMax is how many messages may wait before waitRoom waits.
const queueMax = 8192

// waitRoom waits until the other side has taken enough of what is posted.
func (l *link) waitRoom() error {
	for {
		l.mu.Lock()
		n := len(l.queue)
		l.mu.Unlock()
		if n <= queueMax {
			return nil
		}
		select {
		case <-l.over:
			return errLinkEnded
		case <-l.emptied:
		}
	}
}

// sendPause is how long to wait when too many descriptors are on their way (ETOOMANYREFS, unix(7)).
const sendPause = 2 * time.Millisecond

func (l *link) send(m message) error {
	h := header{kind: m.kind, id: m.id, fds: len(m.fds), size: len(m.payload), body: len(m.payload) > inlineMax}
	e := encoder{b: make([]byte, 0, packetMax)}
	h.encode(&e)
	if !h.body {
		e.b = append(e.b, m.payload...)
	}
	for {
		var err error
		wait := linux.WaitWrite(l.f, func(fd linux.FD) bool {
			err = linux.SendPacket(fd, e.b, m.fds)
			return !errors.Is(err, linux.EAGAIN)
		})
		if wait != nil {
			return wait
		}
		if !errors.Is(err, linux.ETOOMANYREFS) && !errors.Is(err, linux.ENOBUFS) {
			return err
		}
		select {
		case <-l.over:
			return errLinkEnded
		case <-time.After(sendPause):
		}
	}
}

// close ends the link; who reads and writes returns. Posted messages are given back.
func (l *link) close() {
	l.mu.Lock()
	ended := l.ended
	l.ended = true
	l.mu.Unlock()
	if ended {
		return
	}
	close(l.over)
	_ = l.f.Close()
	for _, m := range l.take() {
		m.finish()
	}
}

// errLost is a message whose descriptors could not be received.
var errLost = abi.Failf(abi.Exhausted, "receive descriptors: %w", linux.EMFILE)

// An incoming message is one received. What its handler does not take of the descriptors is closed after it.
type incoming struct {
	header
	inline []byte
	body   linux.FD
	rest   []linux.FD
	// lost says that its descriptors are: this process had none left to receive them with.
	lost bool
}

// payload is the payload, which the caller may keep; a large one is read from its memory file here.
func (m *incoming) payload() ([]byte, error) {
	if m.lost && m.header.body {
		return nil, errLost
	}
	if m.body == linux.NoFD {
		return m.inline, nil
	}
	return readBody(m.body, m.size)
}

// fd takes the next descriptor, NoFD when there is none.
func (m *incoming) fd() linux.FD {
	if len(m.rest) == 0 {
		return linux.NoFD
	}
	fd := m.rest[0]
	m.rest = m.rest[1:]
	return fd
}

func (m *incoming) close() {
	_ = m.body.Close()
	for _, fd := range m.rest {
		_ = fd.Close()
	}
}

// packets holds buffers for packets; a link that waits has none.
var packets = sync.Pool{New: func() any { b := make([]byte, packetMax); return &b }}

// receive gives each message to handle until the link ends, and says why it did; io.EOF is the end of the other side.
func (l *link) receive(handle func(*incoming) error) error {
	for {
		m, err := l.next()
		if err != nil {
			return err
		}
		err = handle(m)
		m.close()
		if err != nil {
			return fmt.Errorf("%v: %w", m.kind, err)
		}
	}
}

func (l *link) next() (*incoming, error) {
	var m *incoming
	var err error
	wait := linux.WaitRead(l.f, func(fd linux.FD) bool {
		b, _ := packets.Get().(*[]byte)
		defer packets.Put(b)
		m, err = takePacket(fd, *b)
		return !errors.Is(err, linux.EAGAIN)
	})
	if wait != nil {
		return nil, wait
	}
	return m, err
}

func takePacket(fd linux.FD, b []byte) (*incoming, error) {
	p, err := linux.RecvPacket(fd, b)
	if err != nil {
		return nil, err
	}
	if p.N == 0 {
		p.Close()
		return nil, io.EOF
	}
	m, err := unpack(b[:p.N], p)
	if err != nil {
		p.Close()
	}
	return m, err
}

func unpack(b []byte, p linux.Packet) (*incoming, error) {
	if p.Cut {
		return nil, errors.New("a packet that is too large")
	}
	h, payload, err := parsePacket(b)
	if err != nil {
		return nil, err
	}
	if p.Lost {
		p.Close()
		return &incoming{header: h, inline: bytes.Clone(payload), body: linux.NoFD, lost: true}, nil
	}
	if h.fds != len(p.FDs) {
		return nil, fmt.Errorf("%v: %d descriptors came, its header says %d", h.kind, len(p.FDs), h.fds)
	}
	m := &incoming{header: h, inline: bytes.Clone(payload), body: linux.NoFD, rest: p.FDs}
	if h.body {
		m.body, m.rest = p.FDs[0], p.FDs[1:]
	}
	return m, nil
}
