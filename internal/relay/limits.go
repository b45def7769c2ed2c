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
	// StallTime is how long one write to the peer may take after the program has closed its socket. TCP gives
	// up an orphaned socket after a similar time (tcp_orphan_retries, tcp(7)).
	StallTime = 2 * time.Minute
	// BatchBytes is the most that is moved at once, and the buffer each direction holds while it moves.
	BatchBytes = 256 << 10
	// SendBuffer is the size in bytes asked for the queue towards the program. The kernel grants up to
	// net.core.wmem_max, doubled. A larger one is slower: what is in it falls out of the processor's cache.
	SendBuffer = 256 << 10
)

// limits are the bounds that a test shortens. tick is how often a write that waits is looked at.
type limits struct {
	linger, stall, tick time.Duration
	discard             int
}

// stallTick is the tick outside tests.
const stallTick = time.Second

// batches holds nothing that a caller could observe: contents are overwritten before they are read.
var batches = sync.Pool{New: func() any { b := make([]byte, BatchBytes); return &b }}

func borrow() *[]byte {
	b, _ := batches.Get().(*[]byte)
	return b
}

func giveBack(b *[]byte) { batches.Put(b) }
