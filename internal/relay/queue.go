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
// A short batch is peeked whole and then read but for its last byte: two system calls. To leave it there for a while and
// read a few away together would keep a program waiting that has filled its send buffer with single bytes. A long batch
// is read but for its last byte, which is peeked then: three system calls, and no byte twice.
type queue struct {
	// known counts the bytes at the head of the queue that have been passed on. The peek offset is there.
	known int
	// long says that the last batch was one.
	long bool
	// ragged says that the program has sent descriptors or urgent data: reads end behind them, with more or not.
	ragged bool
	// seen is where the byte goes that was passed on already.
	seen [1]byte
}

// peekBytes is the most that is copied twice to save a system call. A batch that fills it is long.
const peekBytes = 4 << 10

// take puts new bytes into room, one piece after the other, and says how many, and whether there may be more. EAGAIN:
// there are none; io.EOF: the program has ended its side. The first piece has at least twice peekBytes.
func (q *queue) take(fd linux.FD, room [][]byte) (n int, more bool, err error) {
	if q.long {
		n, more, err = q.read(fd, room, 0)
		if n > 0 || err != nil {
			return n, more, err
		}
	}
	return q.peek(fd, room)
}

func (q *queue) peek(fd linux.FD, room [][]byte) (n int, more bool, err error) {
	n, passed, err := linux.Peek(fd, room[0][:peekBytes])
	if err != nil {
		return 0, false, err
	}
	q.ragged = q.ragged || passed
	if n == 0 {
		return 0, false, io.EOF
	}
	q.known += n
	if err := q.drop(fd, room[0][n:]); err != nil || n < peekBytes {
		return n, q.ragged, nil // the next call meets the error again
	}
	rest, more, err := q.read(fd, room, n)
	return n + rest, more || err != nil, nil
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

// read takes everything but the last byte, behind the first bytes of room that are in use, and then has a look at
// that one. It says how many bytes are new, and whether there are more; none is new where peek does better.
func (q *queue) read(fd linux.FD, room [][]byte, used int) (fresh int, more bool, err error) {
	if err := q.drop(fd, room[0][used:]); err != nil {
		return 0, false, err
	}
	total, err := linux.Siocinq(fd)
	if err != nil {
		return 0, false, err
	}
	if q.long = total-q.known >= peekBytes; !q.long {
		return 0, total > q.known, nil
	}
	// What is read begins with the byte that was peeked last.
	var pieces [linux.VectorMax][]byte
	free := behind(append(pieces[:0], q.seen[:q.known]), room, used)
	n, err := linux.Readv(fd, free, min(total-1, q.known+size(room)-used-1))
	if err != nil {
		return 0, false, err
	}
	left := total - n
	n, q.known = n-min(n, q.known), q.known-min(n, q.known)
	if q.known > 0 || left > 1 && n < size(room)-used-1 {
		return n, true, nil
	}
	last, passed, _ := linux.Peek(fd, at(room, used+n)) // whatever it is, the next call meets it again
	q.known, q.ragged = last, q.ragged || passed
	return n + last, left > last || q.ragged, nil
}

// size is how many bytes pieces hold.
func size(pieces [][]byte) int {
	n := 0
	for _, p := range pieces {
		n += len(p)
	}
	return n
}

// behind appends the pieces behind the first n bytes, as many as fit.
func behind(to, pieces [][]byte, n int) [][]byte {
	for _, p := range pieces {
		if n >= len(p) {
			n -= len(p)
			continue
		}
		if len(to) < cap(to) {
			to = append(to, p[n:])
		}
		n = 0
	}
	return to
}

// at is the one byte behind the first n.
func at(pieces [][]byte, n int) []byte {
	for _, p := range pieces {
		if n < len(p) {
			return p[n : n+1]
		}
		n -= len(p)
	}
	return nil
}
