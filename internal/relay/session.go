package relay

// Session is the TLS side. One goroutine calls WaitReadable and ReadReady, one Room, WriteRoom and CloseWrite; Close
// may be called by any, more than once, and makes the others return. Its buffers are its own: what passes through the
// relay is copied by the kernel alone.
type Session interface {
	// WaitReadable blocks until ReadReady has something to work on, holding no buffer.
	WaitReadable()
	// ReadReady gives what has arrived, without waiting, in pieces that are good until the next call; it may give
	// none and no error. Data and an error never come together. io.EOF is the peer's close_notify, and nothing
	// else is.
	ReadReady() ([][]byte, error)
	// Room is where to put what is to be sent next, in order; the first piece has at least RoomMin bytes. WriteRoom
	// must follow.
	Room() [][]byte
	// WriteRoom sends all of the first n bytes or returns an error. With 0 it only gives the room back.
	WriteRoom(n int) error
	// CloseWrite sends close_notify and FIN behind everything written.
	CloseWrite() error
	// Close releases the connection without waiting for the peer. After a CloseWrite that succeeded what was
	// written still reaches the peer; without one the peer sees a reset.
	Close() error
}

// Resetter is a Session on a TCP socket whose options a program can set.
type Resetter interface {
	// ResetOnClose says whether the program asked for an abortive close: SO_LINGER with 0 seconds (socket(7)).
	ResetOnClose() bool
	// Reset ends the connection with an RST, also after CloseWrite, and drops what was not sent.
	Reset() error
}
