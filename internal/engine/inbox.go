package engine

import (
	"errors"

	"github.com/securesocketapi/ssa/internal/linux"
)

// inbox is what one system call took from the network, until it has been decrypted. It holds a buffer of the pool
// while data is passed on, and what there is of a record while the rest of it is awaited.
type inbox struct {
	// rest lies in buf, or in part.
	buf, part *[]byte
	rest      []byte
	// err is why nothing more will arrive.
	err   error
	frame frame
	// feed is a record for crypto/tls alone.
	feed []byte
}

// empty says that there is neither data nor an end to report.
func (i *inbox) empty() bool { return len(i.rest) == 0 && i.err == nil }

// room is where the next bytes are to be put, behind those that are there already.
func (i *inbox) room() []byte {
	if i.buf == nil {
		i.buf, _ = arrivals.Get().(*[]byte)
	}
	n := copy(*i.buf, i.rest)
	i.rest = (*i.buf)[:n]
	if i.part != nil {
		parts.Put(i.part)
		i.part = nil
	}
	return (*i.buf)[n:]
}

func (i *inbox) fill(n int) { i.rest = (*i.buf)[:len(i.rest)+n] }

// took notes what a read into room gave, and says whether that was data. The buffer goes back when it was not.
func (i *inbox) took(n int, err error) bool {
	if n > 0 {
		i.fill(n)
		return true
	}
	i.stash()
	if err == nil {
		err = errTruncated
	}
	if !errors.Is(err, linux.EAGAIN) {
		i.err = err
	}
	return false
}

// stash gives the buffer back. A part of a record goes into a smaller one; what is larger stays.
func (i *inbox) stash() {
	if i.buf == nil || len(i.rest) > recordSealed {
		return
	}
	var rest []byte
	if len(i.rest) > 0 {
		i.part, _ = parts.Get().(*[]byte)
		rest = (*i.part)[:copy(*i.part, i.rest)]
	}
	i.release()
	i.rest = rest
}

// release gives the buffer back with all that is in it.
func (i *inbox) release() {
	if i.buf != nil {
		arrivals.Put(i.buf)
		i.buf, i.rest = nil, nil
	}
}

// record takes the next record out, nil when it is not there as a whole.
func (i *inbox) record() ([]byte, error) {
	if len(i.rest) < frameHeader {
		return nil, nil
	}
	n := int(i.rest[3])<<8 | int(i.rest[4])
	switch {
	case i.rest[0] != typeApplication: // a warning in the clear is an attacker's too
		return nil, alertUnexpected
	case n > innerMax:
		return nil, alertOverflow
	case len(i.rest) < frameHeader+n:
		return nil, nil
	}
	record := i.rest[:frameHeader+n]
	i.rest = i.rest[frameHeader+n:]
	return record, nil
}

// whole says whether record has something to give.
func (i *inbox) whole() bool {
	if len(i.rest) < frameHeader {
		return false
	}
	n := int(i.rest[3])<<8 | int(i.rest[4])
	return i.rest[0] != typeApplication || n > innerMax || len(i.rest) >= frameHeader+n
}

// fed gives crypto/tls the one record that is meant for it.
func (i *inbox) fed(p []byte) (int, error) {
	if len(i.feed) == 0 {
		return 0, errNotYet
	}
	n := copy(p, i.feed)
	if i.feed = i.feed[n:]; len(i.feed) == 0 {
		i.feed = nil // the record is not to live as long as the connection
	}
	return n, nil
}

// take copies to p what is there of one record, and gives the buffer back with its last byte.
func (i *inbox) take(p []byte) (int, error) {
	if len(i.rest) == 0 {
		if i.err != nil {
			return 0, i.err
		}
		return 0, errNotYet
	}
	n := copy(p, i.rest[:i.frame.advance(i.rest, len(p))])
	if i.rest = i.rest[n:]; len(i.rest) == 0 {
		i.release()
	}
	return n, nil
}

// frameHeader is the size of a record's header: type, version, length (RFC 8446, section 5.1).
const frameHeader = 5

// frame follows the records of a byte stream.
type frame struct {
	header [frameHeader]byte
	// done counts the bytes of the current record that have gone by.
	done int
}

// advance says how many of the first limit bytes belong to the current record, and lets them go by.
func (f *frame) advance(b []byte, limit int) int {
	b = b[:min(len(b), limit)]
	if f.done < frameHeader {
		copy(f.header[f.done:], b)
	}
	end := frameHeader
	if f.done+len(b) >= frameHeader {
		end += int(f.header[3])<<8 | int(f.header[4])
	}
	n := min(len(b), end-f.done)
	if f.done += n; f.done == end && f.done >= frameHeader {
		f.done %= end
	}
	return n
}
