package engine

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// Alerts (RFC 8446, section 6).
const (
	alertClose        = tls.AlertError(0)
	alertUnexpected   = tls.AlertError(10)
	alertBadMAC       = tls.AlertError(20)
	alertOverflow     = tls.AlertError(22)
	alertParameter    = tls.AlertError(47)
	alertDecode       = tls.AlertError(50)
	alertInternal     = tls.AlertError(80)
	alertUserCanceled = tls.AlertError(90)
	alertFatal        = 2
	alertWarning      = 1
)

const (
	// piecesMax bounds what take gives at once.
	piecesMax = 32
	// gather is the size of plaintexts up to which they are put together: a copy is cheaper than one more piece.
	gather = 4 << 10
	// emptyMax bounds the records in a row that bring no data.
	emptyMax = 64
)

// records is the carrier of TLS 1.3. It takes over from crypto/tls after the handshake and protects records itself
// (RFC 8446, section 5), in the buffers in which they arrive and leave: crypto/tls would copy each byte twice on
// the way in and once on the way out, and keep its buffers while nothing happens.
//
//  1. The keys come from the traffic secrets, which crypto/tls gives away in its key log.
//  2. take decrypts each whole record where it lies. What is not data is dealt with there: session tickets,
//     KeyUpdate, alerts.
//  3. room gives the places of plaintext in the next records, write protects and sends them.
//
// It is not safe for concurrent use.
type records struct {
	net *stream
	in  *traffic
	// ended says that close_notify, or an alert that ends the connection, has been sealed.
	out   *traffic
	ended bool

	// library takes the session tickets for a client, until the first have come or data has. Later ones are passed
	// over: one session is kept for each destination.
	library *tls.Conn
	tickets bool
	client  bool
	posts   posts
	pieces  [][]byte
	end     error

	fresh *room
}

// newRecords takes over from a finished handshake of TLS 1.3.
func newRecords(c *tls.Conn, s *stream, keys *secrets, client bool) (*records, error) {
	suite, err := findSuite(c.ConnectionState().CipherSuite)
	if err != nil {
		return nil, err
	}
	r := &records{net: s, client: client}
	read, write := keys.client, keys.server
	if client {
		read, write, r.library = write, read, c
	}
	if r.in, err = newTraffic(suite, read); err != nil {
		return nil, err
	}
	if r.out, err = newTraffic(suite, write); err != nil {
		return nil, err
	}
	if !client {
		r.out.resume(s.last) // a session ticket, if there was one
	}
	s.last, s.mute = nil, true
	return r, nil
}

// ready says whether take has something to give without anything arriving.
func (r *records) ready() bool { return r.end != nil || r.net.in.err != nil || r.net.in.whole() }

// release gives the pieces of the last take up, and the buffer they lie in.
func (r *records) release() {
	r.forget()
	if len(r.net.in.rest) == 0 {
		r.net.in.release()
		return
	}
	r.net.in.stash()
}

// forget lets the last take's pieces go: they lie in buffers of a pool.
func (r *records) forget() {
	clear(r.pieces)
	r.pieces = r.pieces[:0]
}

// take gives the plaintext that is there, as it lies.
func (r *records) take() ([][]byte, error) {
	r.forget()
	for len(r.pieces) < piecesMax && r.end == nil {
		record, err := r.net.in.record()
		if record == nil && err == nil {
			break
		}
		if err == nil {
			err = r.accept(record)
		}
		if err != nil {
			r.end = r.refuse(err)
		}
	}
	if r.tickets {
		r.library = nil
	}
	if r.end == nil && r.net.in.err != nil && !r.net.in.whole() {
		r.end = r.net.in.err
	}
	if len(r.pieces) > 0 {
		return r.pieces, nil
	}
	if r.end != nil {
		r.net.in.release()
	}
	return nil, r.end
}

// accept deals with one record.
func (r *records) accept(record []byte) error {
	var copied []byte
	if r.library != nil {
		copied = bytes.Clone(record)
	}
	plain, kind, err := r.in.open(record)
	switch {
	case err != nil:
		return alertBadMAC
	case len(plain) > recordPlain:
		return alertOverflow
	case kind == typeHandshake:
		return r.handshake(plain, copied)
	case len(r.posts.part) > 0: // a message was cut off
		return alertUnexpected
	case kind == typeApplication:
		r.library = nil
		return r.add(plain)
	case kind == typeAlert:
		return r.alert(plain)
	}
	return alertUnexpected
}

// add gives a plaintext on. A small one moves up to the one before, into the room that a tag and a header have left.
func (r *records) add(plain []byte) error {
	if len(plain) == 0 {
		return r.posts.empty()
	}
	r.posts.idle = 0
	if last := len(r.pieces) - 1; last >= 0 && len(plain) <= gather {
		r.pieces[last] = append(r.pieces[last], plain...)
		return nil
	}
	r.pieces = append(r.pieces, plain)
	return nil
}

// alert ends the stream: with io.EOF for close_notify.
func (r *records) alert(plain []byte) error {
	if len(plain) != 2 {
		return alertDecode
	}
	switch code := tls.AlertError(plain[1]); code {
	case alertClose:
		return io.EOF
	case alertUserCanceled: // close_notify follows
		return r.posts.empty()
	default:
		return &net.OpError{Op: "remote error", Err: code}
	}
}

// handshake deals with what a peer says after the handshake.
func (r *records) handshake(plain, record []byte) error {
	said, err := r.posts.read(plain, r.client)
	if err != nil {
		return err
	}
	if !said.update {
		return r.ticket(record)
	}
	r.library = nil
	if err := r.in.update(); err != nil {
		return alertInternal
	}
	if said.answer {
		return r.updateKeys()
	}
	return nil
}

// ticket has crypto/tls keep a session ticket. It cannot write: what it protects has numbers that are in use.
func (r *records) ticket(record []byte) error {
	if r.library == nil {
		return nil
	}
	r.net.in.feed, r.tickets = record, len(r.posts.part) == 0
	var none [1]byte
	if _, err := r.library.Read(none[:]); !errors.Is(err, errNotYet) {
		return alertParameter
	}
	return nil
}

// updateKeys answers a KeyUpdate, unless there is nothing more to protect.
func (r *records) updateKeys() error {
	if r.ended {
		return nil
	}
	if err := r.net.say(r.keyUpdate()); err != nil {
		return err
	}
	if err := r.out.update(); err != nil {
		return alertInternal
	}
	return nil
}

// refuse tells the peer why nothing more is taken from it.
func (r *records) refuse(err error) error {
	var code tls.AlertError
	if !errors.As(err, &code) || errors.As(err, new(*net.OpError)) {
		return err
	}
	if !r.ended {
		r.ended = true
		_ = r.net.say(r.message(typeAlert, alertFatal, byte(code))) // the peer may be gone
	}
	return &net.OpError{Op: "local error", Err: code}
}

// message protects a few bytes.
func (r *records) message(kind byte, content ...byte) []byte {
	b := make([]byte, frameHeader+len(content)+recordExtra)
	copy(b[frameHeader:], content)
	return r.out.seal(b, len(content), kind)
}
