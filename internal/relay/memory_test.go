package relay_test

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// idleConnections is how many connections TestIdleMemory has open at once.
const idleConnections = 200

// TestIdleMemory measures what one idle connection costs on our side: goroutines with their stacks, keys and
// what else a session keeps. What the peer keeps is dropped first.
func TestIdleMemory(t *testing.T) {
	testutil.Require(t, testutil.NoRaceDetector())
	for _, row := range []struct {
		name string
		// bytes go each way before the connection idles, max is the bound for one connection in bytes.
		bytes, max int
	}{
		{"ok after the handshake", 0, 7_000},
		{"ok after a small request and answer", 1000, 7_000},
		{"ok after 1 MB each way", 1_000_000, 7_000},
	} {
		t.Run(row.name, func(t *testing.T) {
			l := newLounge(t)
			l.seat(t, row.bytes) // fills pools and caches
			heap, stack := memory()
			for range idleConnections {
				l.seat(t, row.bytes)
			}
			heap2, stack2 := memory()
			heap, stack = (heap2-heap)/idleConnections, (stack2-stack)/idleConnections
			t.Logf("%d bytes for an idle connection: heap %d, stacks %d", heap+stack, heap, stack)
			if heap+stack > row.max {
				t.Errorf("%d bytes for an idle connection, want at most %d", heap+stack, row.max)
			}
		})
	}
}

// lounge is where idle connections stay until the test ends.
type lounge struct {
	relay  *relay.Relay
	engine *engine.Engine
	peer   *tls.Config
	listen net.Listener
	guests []guest
}

// guest is what the test itself keeps of a connection.
type guest struct {
	program, server net.Conn
	result          chan error
}

func newLounge(t *testing.T) *lounge {
	t.Helper()
	l := &lounge{
		relay: relay.New(), engine: engine.New(engine.Config{}), peer: config(t), listen: testutil.Listen(t),
		guests: make([]guest, 0, idleConnections+1),
	}
	t.Cleanup(func() {
		for _, g := range l.guests {
			_, _ = g.server.Close(), g.program.Close()
			if err := <-g.result; err == nil {
				t.Error("the peer ended without close_notify, and Run says nothing")
			}
		}
		if err := l.relay.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// seat makes a connection that carries some data each way and then idles.
func (l *lounge) seat(t *testing.T, size int) {
	t.Helper()
	client, server := connectTo(t, l.listen)
	peer := tls.Server(server, l.peer)
	data := make([]byte, size)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.ReadFull(peer, make([]byte, size))
		_, _ = peer.Write(data)
	}()
	s, err := l.engine.Client(t.Context(), file(t, client), engine.ClientConfig{
		App: "test", Name: "peer.test", Settings: policy.Default(), Verifier: acceptAll{},
	})
	if err != nil {
		t.Fatal(err)
	}
	program, plain := ends(t, 1)
	g := guest{program: program, server: server, result: make(chan error, 1)}
	l.relay.Start(t.Context(), relay.Plain{End: descriptor(t, plain), Filler: 1}, s, func(err error) { g.result <- err })
	l.guests = append(l.guests, g)
	_, _ = program.Write(data)
	if _, err := io.ReadFull(program, data); err != nil {
		t.Fatal(err)
	}
	<-done
}

// memory is what is in use after the runtime has given back what it can: stacks shrink by half with each
// collection, and pools empty in two.
func memory() (heap, stack int) {
	for range 8 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc), int(m.StackInuse)
}
