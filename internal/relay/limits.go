package relay

import (
	"sync"
	"time"
)

// Bounds of a connection.
const (
	// LingerTime and LingerBytes bound what is read and thrown away after the program has closed its socket. A
	// socket closed with unread data resets its connection, and the reset can destroy what the peer has not
	// read yet (RFC 2525, section 2.17).
	LingerTime  = 10 * time.Second
	LingerBytes = 1 << 20
	// StallTime is how long the peer may take nothing after the program has closed its socket. TCP gives
	// up an orphaned socket after a similar time (tcp_orphan_retries, tcp(7)).
	StallTime = 2 * time.Minute
	// RoomMin is the least a session has room for in one piece, in bytes: what is peeked at, and as much again to
	// throw away what is known.
	RoomMin = 2 * peekBytes
	// ScratchBytes is what is thrown away at once.
	ScratchBytes = 16 << 10
	// SendBuffer is the size in bytes asked for the queue towards the program. The kernel grants up to
	// net.core.wmem_max, doubled. A larger one is slower: what is in it falls out of the processor's cache.
	SendBuffer = 256 << 10
)

// limits are the bounds that a test shortens.
type limits struct {
	linger, stall time.Duration
	discard       int
}

// scratches hold nothing that a caller could observe: what is in them is thrown away.
var scratches = sync.Pool{New: func() any { b := make([]byte, ScratchBytes); return &b }}

func borrow() *[]byte {
	b, _ := scratches.Get().(*[]byte)
	return b
}

func giveBack(b *[]byte) { scratches.Put(b) }
