package relay

// Session is the TLS side. One goroutine calls WaitReadable and ReadReady, one Write and CloseWrite; Close may
// be called by any, more than once, and makes the others return.
type Session interface {
	// WaitReadable blocks until ReadReady has something to work on, holding no buffer.
	WaitReadable()
	// ReadReady fills p as far as data has arrived, without waiting; it may return 0 and no error. Data and an
	// error never come together. io.EOF is the peer's close_notify, and nothing else is.
	ReadReady(p []byte) (int, error)
	// Write sends all of p or returns an error.
	Write(p []byte) (int, error)
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
