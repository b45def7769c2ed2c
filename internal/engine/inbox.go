package engine

// inbox is what one system call took from the network, until crypto/tls has taken it over.
type inbox struct {
	// receive is stream.receive, bound once so that waiting allocates nothing.
	receive func(fd uintptr) bool
	buf     *[]byte
	rest    []byte
	// err is why nothing more will arrive.
	err   error
	frame frame
}

// empty says that there is neither data nor an end to report.
func (i *inbox) empty() bool { return len(i.rest) == 0 && i.err == nil }

func (i *inbox) fill(buf *[]byte, n int) { i.buf, i.rest = buf, (*buf)[:n] }

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
		arrivals.Put(i.buf)
		i.buf, i.rest = nil, nil
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
