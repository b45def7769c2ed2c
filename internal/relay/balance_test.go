package relay_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestBetter is where connections move by how busy the loops are, in percent.
func TestBetter(t *testing.T) {
	for _, row := range []struct {
		name           string
		shares         []int
		at             int
		heavy, several bool
		want           int
	}{
		{"ok one that is not busy keeps its connections", []int{70}, 0, false, true, -1},
		{"ok one that is busy makes another", []int{90}, 0, false, true, 1},
		{"ok one with large transfers makes another sooner", []int{50}, 0, true, true, 1},
		{"ok one with few large transfers does not", []int{30}, 0, true, true, -1},
		{"ok one with a single connection keeps it", []int{100}, 0, true, false, -1},
		{"ok to one that has less to do", []int{90, 70}, 0, false, true, 1},
		{"ok to the first one that has", []int{20, 95}, 1, false, true, 0},
		{"ok to none that has as much to do", []int{90, 80}, 0, false, true, 2},
		{"ok to none that nothing is known of", []int{90, -1}, 0, false, true, 2},
		{"ok two with little become one", []int{10, 10}, 1, false, true, 0},
		{"ok two with more stay", []int{20, 20}, 1, false, true, -1},
		{"ok the first keeps what it has", []int{10, 10}, 0, false, true, -1},
		{"ok one that nothing is known of yet", []int{10, -1}, 1, false, true, -1},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := relay.Better(row.shares, row.at, row.heavy, row.several); got != row.want {
				t.Errorf("to loop %d, want %d", got, row.want)
			}
		})
	}
}

// TestMove moves connections to and fro under load, with both sides blocked now and then: no byte and no end is lost.
func TestMove(t *testing.T) {
	r := relay.New()
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				r.Shuffle()
			}
		}
	}()
	var wg sync.WaitGroup
	for range 4 {
		a, b := joined(t, r)
		for _, way := range [][2]*net.UnixConn{{a, b}, {b, a}} {
			data := noise(2 << 20)
			wg.Go(func() {
				cut(way[0], data, 1)
				_ = way[0].CloseWrite()
			})
			wg.Go(func() {
				_ = way[1].SetReadDeadline(time.Now().Add(2 * testutil.Patience))
				if got, err := io.ReadAll(way[1]); err != nil || !bytes.Equal(got, data) {
					t.Errorf("read %d bytes and %v, want %d", len(got), err, len(data))
				}
			})
		}
	}
	wg.Wait()
	close(stop)
	<-stopped
}

// joined gives two programs whose sessions are connected to each other.
func joined(t *testing.T, r *relay.Relay) (a, b *net.UnixConn) {
	t.Helper()
	client, server := connect(t)
	served := make(chan *net.UnixConn)
	go func() { served <- relayedBy(t, r, serve(t, server)) }()
	a = relayedBy(t, r, session(t, client))
	return a, <-served
}

func relayedBy(t *testing.T, r *relay.Relay, s relay.Session) *net.UnixConn {
	t.Helper()
	conn, plain := pair(t, 1)
	program, _ := conn.(*net.UnixConn)
	ended := make(chan error, 1)
	r.Start(context.Background(), relay.Plain{End: descriptor(t, plain), Filler: 1}, s, func(err error) { ended <- err })
	t.Cleanup(func() {
		_ = program.Close()
		if err := <-ended; err != nil {
			t.Errorf("a relay ended with %v", err)
		}
	})
	return program
}
