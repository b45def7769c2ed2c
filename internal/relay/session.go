package relay

import "github.com/securesocketapi/ssa/internal/linux"

// Session is the TLS side. Nothing in it waits. One goroutine at a time uses it; Close may be called by any, more than
// once. Its buffers are its own: what passes through the relay is copied by the kernel alone.
type Session interface {
	// Control runs fn on the descriptor whose events tell when to go on: EPOLLIN and EPOLLRDHUP to receive, EPOLLOUT to
	// flush.
	Control(fn func(linux.FD) error) error
	// Receive gives what has arrived, in pieces that are good until the next call or Release; it may give none and no
	// error. With more there may be more at once. Data and an error never come together. io.EOF is the peer's
	// close_notify, and nothing else is.
	Receive() (pieces [][]byte, more bool, err error)
	// Release gives the pieces up.
	Release()
	// Room is where to put what is to be sent next, in order; the first piece has at least RoomMin bytes. WriteRoom
	// must follow.
	Room() [][]byte
	// WriteRoom sends the first n bytes of the Room and says whether the network took them; otherwise Flush must
	// have said so before the next Room. With 0 it only gives the room back.
	WriteRoom(n int) (sent bool, err error)
	// CloseWrite sends close_notify and FIN behind everything written.
	CloseWrite() (sent bool, err error)
	// Flush goes on with what was not sent.
	Flush() (sent bool, err error)
	// Close releases the connection without waiting for the peer. After a CloseWrite that was sent, what was written
	// still reaches the peer; without one the peer sees a reset.
	Close() error
}

// Resetter is a Session on a TCP socket whose options a program can set.
type Resetter interface {
	// ResetOnClose says whether the program asked for an abortive close: SO_LINGER with 0 seconds (socket(7)).
	ResetOnClose() bool
	// Reset ends the connection with an RST, also after CloseWrite, and drops what was not sent.
	Reset() error
}
