package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// nowhere is the store of an engine without one.
type nowhere struct{}

// Put implements Store.
func (nowhere) Put([32]byte, time.Time, []byte) {}

// Get implements Store.
func (nowhere) Get([32]byte) ([]byte, bool) { return nil, false }

// Remove implements Store.
func (nowhere) Remove([32]byte) {}

// encode is a client's session as it is kept: the seconds since 1970 of its full handshake, the size of its ticket, the
// ticket, and the state in the form of crypto/tls.
func (s session) encode() ([]byte, error) {
	ticket, state, err := s.state.ResumptionState()
	if err != nil {
		return nil, fmt.Errorf("encode a session: %w", err)
	}
	if state == nil {
		return nil, errors.New("encode a session: it cannot be resumed")
	}
	text, err := state.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode a session: %w", err)
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(s.since.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(ticket)))
	return append(append(b, ticket...), text...), nil
}

// decodeSession undoes encode.
func decodeSession(b []byte) (session, error) {
	const head = 8 + 4
	if len(b) < head || uint64(binary.BigEndian.Uint32(b[8:])) > uint64(len(b)-head) {
		return session{}, errors.New("decode a session: too short")
	}
	end := head + int(binary.BigEndian.Uint32(b[8:]))
	state, err := tls.ParseSessionState(b[end:])
	if err != nil {
		return session{}, fmt.Errorf("decode a session: %w", err)
	}
	resumable, err := tls.NewResumptionState(b[head:end], state)
	if err != nil {
		return session{}, fmt.Errorf("decode a session: %w", err)
	}
	return session{state: resumable, since: time.Unix(int64(binary.BigEndian.Uint64(b)), 0)}, nil
}

// keySize is the size of a ticket key as it is kept: the seconds since 1970 of its making, and the key.
const keySize = 8 + 32

func encodeKeys(keys []ticketKey) []byte {
	var b []byte
	for _, k := range keys {
		b = binary.BigEndian.AppendUint64(b, uint64(k.since.Unix()))
		b = append(b, k.bytes[:]...)
	}
	return b
}

// decodeKeys undoes encodeKeys. What has another form is none.
func decodeKeys(b []byte) (keys []ticketKey) {
	for ; len(b) >= keySize; b = b[keySize:] {
		k := ticketKey{since: time.Unix(int64(binary.BigEndian.Uint64(b)), 0)}
		copy(k.bytes[:], b[8:])
		keys = append(keys, k)
	}
	return keys
}

// ringID identifies an application's ring in the store.
func ringID(app string) [sha256.Size]byte {
	d := digest{sha256.New()}
	d.text("ring", app)
	return d.sum()
}
