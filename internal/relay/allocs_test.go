package relay_test

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestSteadyState counts allocations while bytes flow between two programs, each behind a relay of its own: what is
// allocated for a record is allocated a thousand times. Pools that the collector empties in between are not.
func TestSteadyState(t *testing.T) {
	testutil.Require(t, testutil.NoRaceDetector())
	for _, row := range []struct {
		name string
		// size is what goes one way, and with reply back again, before the next begins.
		size  int
		reply bool
	}{
		{"ok one small record there and back", 1 << 10, true},
		{"ok a full record there and back", 16 << 10, true},
		{"ok records that stream", 256 << 10, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			near, far := facing(t)
			buf := make([]byte, row.size)
			const rounds = 1000
			records := max(1, row.size>>14) * rounds
			carry(t, near, far, carried{buf, rounds, row.reply}) // grows stacks and fills pools
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			carry(t, near, far, carried{buf, rounds, row.reply})
			runtime.ReadMemStats(&after)
			each := float64(after.Mallocs-before.Mallocs) / float64(records)
			t.Logf("%.4f allocations for a record", each)
			if each > 0.05 {
				t.Errorf("%.2f allocations for a record, want none", each)
			}
		})
	}
}

// facing are two programs that talk through two relays.
func facing(t *testing.T) (near, far *net.UnixConn) {
	t.Helper()
	client, server := connect(t)
	accepted := make(chan *engine.Session, 1)
	go func() { accepted <- serve(t, server) }()
	n, f := begin(t, session(t, client)), begin(t, <-accepted)
	t.Cleanup(func() { _, _ = n.program.Close(), f.program.Close() })
	return n.program, f.program
}

// carried is what is moved so many times.
type carried struct {
	buf    []byte
	rounds int
	reply  bool
}

func carry(t *testing.T, near, far *net.UnixConn, c carried) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		in := make([]byte, len(c.buf))
		for range c.rounds {
			_, err := io.ReadFull(far, in)
			if err == nil && c.reply {
				_, err = far.Write(in)
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for range c.rounds {
		if _, err := near.Write(c.buf); err != nil {
			t.Fatal(err)
		}
		if c.reply {
			if _, err := io.ReadFull(near, c.buf); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}
