package socket_test

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/securesocketapi/ssa/internal/socket"
)

func TestPeer(t *testing.T) {
	for _, row := range []struct {
		name            string
		peer            socket.Peer
		identity, chain string
	}{
		{"ok none", socket.Peer{}, "", ""},
		{"ok with a subject", socket.NewPeer("CN=a", []byte("chain")), "CN=a", "chain"},
		{"ok without a subject", socket.NewPeer("", []byte("chain")), "", "chain"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if id, chain := row.peer.Identity(), row.peer.Chain(); id != row.identity || chain != row.chain {
				t.Errorf("(-want +got):\n-%q %q\n+%q %q", row.identity, row.chain, id, chain)
			}
		})
	}
}

// TestEqualPeersAreKeptOnce holds many peers with the same chain and compares what lives.
func TestEqualPeersAreKeptOnce(t *testing.T) {
	const count, size = 1000, 100_000
	peers := make([]socket.Peer, count)
	before := live()
	for i := range peers {
		peers[i] = socket.NewPeer("CN=a", bytes.Repeat([]byte("c"), size))
	}
	if got := live() - before; got > 10*size {
		t.Errorf("%d equal peers of %d bytes take %d bytes", count, size, got)
	}
	for _, p := range peers {
		if p != peers[0] || len(p.Chain()) != size {
			t.Fatal("equal peers differ")
		}
	}
}

// live is the live heap in bytes.
func live() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
