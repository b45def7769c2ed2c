package socket

import (
	"log/slog"
	"os"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

// tableOf makes a table that nobody runs.
func tableOf(t *testing.T) *Table {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa")
	if err != nil {
		t.Fatal(err)
	}
	table, err := NewTable(Config{Dir: dir, Max: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := table.Close(); err != nil {
			t.Errorf("close the table: %v", err)
		}
		_ = table.watch.close()
		_ = os.Remove(dir)
	})
	return table
}

// entered makes a socket of a table, and the program's end of it.
func entered(t *testing.T, table *Table) (*Socket, linux.FD) {
	t.Helper()
	s, local := &Socket{external: linux.NoFD, ref: linux.NoFD}, unixSocket(t, 0)
	if err := table.add(s, local); err != nil {
		t.Fatal(err)
	}
	return s, local
}

func signalled(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestLooseSockets(t *testing.T) {
	table := tableOf(t)
	s, local := entered(t, table)
	if table.anyLoose() {
		t.Error("a socket is loose that nobody has loosened")
	}
	s.loosen()
	if !table.anyLoose() || !signalled(table.wake) {
		t.Error("a loose socket: the sweeper is not woken")
	}
	s.tighten()
	if table.anyLoose() {
		t.Error("a tight socket: it is still looked for")
	}
	s.loosen()
	if n, err := table.sweepLoose(); n != 0 || err != nil || !table.anyLoose() {
		t.Errorf("while the program has it: %d dropped, %v", n, err)
	}
	local.Close()
	if n, err := table.sweepLoose(); n != 1 || err != nil || table.anyLoose() || !table.Empty() {
		t.Errorf("after the program's close: %d dropped, %v", n, err)
	}
	signalled(table.wake)
	s.loosen() // a connection may end after its socket
	if table.anyLoose() || signalled(table.wake) {
		t.Error("a socket that has left the table is looked for")
	}
}

// TestManyLooseSocketsAreNotLookedForEachTime keeps the cost of looking in proportion to the sockets made.
func TestManyLooseSocketsAreNotLookedForEachTime(t *testing.T) {
	table, most, looks := tableOf(t), 8*looseBound, 0
	for range most {
		s, local := entered(t, table)
		defer local.Close()
		s.loosen()
		if signalled(table.full) {
			if looks++; looks > 4 {
				t.Fatalf("%d looks for %d sockets, of which none is gone", looks, most)
			}
			if _, err := table.sweepLoose(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if looks < 2 {
		t.Errorf("%d looks for %d loose sockets", looks, most)
	}
}
