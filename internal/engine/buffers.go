package engine

import "sync"

// Sizes of the buffers of a connection, in bytes. A connection holds one only while there is something in it.
const (
	// recordPlain and recordSealed are the most a record holds and the most it is on the wire
	// (RFC 8446, section 5.2, and the larger RFC 5246, section 6.2.3).
	recordPlain  = 16 << 10
	recordSealed = 5 + recordPlain + 2048
	// arrivalsSize is how much one read(2) takes from the network.
	arrivalsSize = 256 << 10
	// runPlain is how much is taken from the program at once, stepPlain how much of it is protected before it is sent: the
	// peer works on it meanwhile, and TCP has less to hold back where it paces what it sends.
	runPlain  = 16 * recordPlain
	stepPlain = 2 * recordPlain
	// runSize holds a run after encryption and the answers to KeyUpdate sent in the meantime.
	runSize = 17 * recordSealed
	// backlogMax bounds what waits for a peer that does not read: a run and the control records behind it.
	backlogMax = runSize + 64<<10
)

// Pools hold nothing that a caller could observe: contents are overwritten before they are read.
var (
	arrivals = sync.Pool{New: func() any { b := make([]byte, arrivalsSize); return &b }}
	runs     = sync.Pool{New: func() any { b := make([]byte, 0, runSize); return &b }}
	parts    = sync.Pool{New: func() any { b := make([]byte, recordSealed); return &b }}
	rooms    = sync.Pool{New: func() any { return newRoom() }}
)
