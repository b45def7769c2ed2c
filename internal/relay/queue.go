package relay

import (
	"io"

	"github.com/securesocketapi/ssa/internal/linux"
)

// queue reads what the program writes so that one byte always stays unread in the kernel: the lag byte. An
// AF_UNIX stream socket that is closed, by whom or whatever, with unread data gives ECONNRESET to the other
// end, after the data already queued for it; one closed with nothing unread gives the end of the stream
// (unix_release_sock). So a relay that is killed is never taken for a peer that closed.
//
// The byte keeps the whole buffer it lies in charged to the program's socket: up to 49 kB, of which a socket may
// have a quarter of its send buffer outstanding and still be writable (unix_writable). So the program's send
// buffer must not be smaller than the kernel's default of 208 kB, or poll(2) would never say POLLOUT again.
//
// A short batch is peeked whole and then read but for its last byte: two system calls, and one to find that
// nothing is there. A long one is read but for its last byte, which is peeked then: three, and no byte twice.
type queue struct {
	// known counts the bytes at the head of the queue that have been passed on. The peek offset is there.
	known int
	// long says that the last batch was one.
	long bool
}

// peekBytes is the most that is copied twice to save a system call. A batch that fills it is long.
const peekBytes = 4 << 10

// take gives new bytes in buf. EAGAIN: there are none; io.EOF: the program has ended its side.
func (q *queue) take(fd linux.FD, buf []byte) ([]byte, error) {
	if q.long {
		fresh, err := q.read(fd, buf)
		if len(fresh) > 0 || err != nil {
			return fresh, err
		}
	}
	return q.peek(fd, buf)
}

func (q *queue) peek(fd linux.FD, buf []byte) ([]byte, error) {
	n, err := linux.Peek(fd, buf[:peekBytes])
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	q.known += n
	if err := q.drop(fd, buf[n:]); err != nil || n < peekBytes {
		return buf[:n], nil // the next call meets the error again
	}
	// There is more. What is read begins with the byte that was peeked last.
	more, _ := q.read(fd, buf[n-1:])
	return buf[:n+len(more)], nil
}

// drop reads away what has been passed on, but for one byte.
func (q *queue) drop(fd linux.FD, scratch []byte) error {
	for q.known > 1 {
		n, err := linux.Read(fd, scratch[:min(q.known-1, len(scratch))])
		if err != nil {
			return err
		}
		if n == 0 {
			return io.EOF
		}
		q.known -= n
	}
	return nil
}

// read takes everything but the last byte and then has a look at that. It returns nothing where peek does better.
func (q *queue) read(fd linux.FD, buf []byte) ([]byte, error) {
	total, err := linux.Siocinq(fd)
	if err != nil {
		return nil, err
	}
	if q.long = total-q.known >= peekBytes; !q.long {
		return nil, nil
	}
	n, err := linux.Read(fd, buf[:min(total-1, len(buf)-1)])
	if err != nil {
		return nil, err
	}
	start := min(q.known, n)
	q.known -= start
	if q.known == 0 && n == total-1 {
		last, _ := linux.Peek(fd, buf[n:n+1]) // whatever it is, the next call meets it again
		q.known, n = last, n+last
	}
	return buf[start:n], nil
}
