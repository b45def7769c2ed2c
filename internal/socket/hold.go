package socket

import (
	"errors"
	"fmt"

	"github.com/securesocketapi/ssa/internal/linux"
)

// One byte in the queue of the service's end keeps a service that dies from looking like the end of the
// stream; see Conn.Start. A held socket has more of them.

// plainBuffer is the send buffer of the program's end in bytes, bounded by net.core.wmem_max: room for a run
// of records. What a program sets with SO_SNDBUF is for its TCP socket; here it could stop it for good. The byte
// that stays unread keeps the whole buffer charged in which it came, and an AF_UNIX socket is writable only while
// a quarter of its send buffer is in use at most.
const plainBuffer = 512 << 10

// mark writes the one byte.
func mark(local linux.FD) error {
	_, err := linux.Send(local, []byte{0})
	return err
}

// fill makes a connected socket look like TCP in SYN-SENT: not writable, EAGAIN for an early write. Its send
// buffer goes to the minimum and is filled. It returns the number of bytes, of which all but one are to be
// read away when the connection is there.
func fill(local linux.FD) (int, error) {
	if err := linux.SetsockoptInt(local, linux.SolSocket, linux.SoSndBuf, 1); err != nil {
		return 0, err
	}
	for n := 0; ; n++ {
		_, err := linux.Send(local, []byte{0})
		if errors.Is(err, linux.EAGAIN) && n > 0 {
			return n, nil
		}
		if err != nil {
			return n, fmt.Errorf("fill the program's socket: %w", err)
		}
	}
}

// widen gives the program's end its working buffer.
func widen(local linux.FD) {
	_ = linux.SetsockoptInt(local, linux.SolSocket, linux.SoSndBuf, plainBuffer) // a smaller one works too
}
