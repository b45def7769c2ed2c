package socket

import (
	"bytes"
	"os"
	"strconv"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

func TestParseUnixInode(t *testing.T) {
	for _, row := range []struct {
		name, line string
		want       uint64
		ok         bool
	}{
		{"ok without a path", "ffff8881: 00000002 00000000 00000000 0001 01 12345", 12345, true},
		{"ok with a path", "ffff8881: 00000002 00000000 00010000 0001 01 12345 /run/a b c", 12345, true},
		{"ok an abstract path of newlines is a line of its own", "0000000000000000: 00000003 00000000 00000000 0001 03 7 @", 7, true},
		{"bad the head line", "Num       RefCount Protocol Flags    Type St Inode Path", 0, false},
		{"bad short", "ffff8881: 00000002 00000000", 0, false},
		{"bad empty", "", 0, false},
		{"bad negative", "a b c d e f -1", 0, false},
		{"bad too large", "a b c d e f 18446744073709551616", 0, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got, ok := parseUnixInode([]byte(row.line)); ok != row.ok || ok && got != row.want {
				t.Errorf("got %d and %v, want %d and %v", got, ok, row.want, row.ok)
			}
		})
	}
}

// FuzzParseUnixInode states that a number comes from the seventh field or not at all.
func FuzzParseUnixInode(f *testing.F) {
	f.Add([]byte("ffff8881: 00000002 00000000 00010000 0001 01 12345 /run/a"))
	f.Add([]byte("\xff \x00"))
	f.Fuzz(func(t *testing.T, line []byte) {
		n, ok := parseUnixInode(line)
		if !ok {
			return
		}
		fields := bytes.Fields(line)
		if again, err := strconv.ParseUint(string(fields[6]), 10, 64); err != nil || again != n {
			t.Errorf("%q: got %d, want %d", line, n, again)
		}
	})
}

func TestEachUnixInodeTellsOfOurs(t *testing.T) {
	fd := unixSocket(t, 0)
	inode, ok := linux.Task(os.Getpid()).Inode(int(fd))
	if !ok {
		t.Fatal("the socket has no inode")
	}
	there := func() (found bool, err error) {
		err = eachUnixInode(func(i uint64) { found = found || i == inode })
		return found, err
	}
	left := func() int {
		missing := map[uint64]*Socket{inode: {}}
		if err := readList(missing); err != nil {
			t.Error(err)
		}
		return len(missing)
	}
	if left() != 0 {
		t.Error("a socket that is there counts as missing")
	}
	if ok, err := there(); err != nil || !ok {
		t.Errorf("inodes: the socket's is there: %v, %v", ok, err)
	}
	_ = fd.Close()
	if ok, err := there(); err != nil || ok {
		t.Errorf("inodes after close: the socket's is there: %v, %v", ok, err)
	}
	if left() != 1 {
		t.Error("a closed socket does not count as missing")
	}
}

func TestSweepsBecomeRare(t *testing.T) {
	pause := sweepSoon
	for range 10 {
		longer := next(pause, 0)
		if longer < pause || longer > sweepLate {
			t.Errorf("pause after %v: got %v", pause, longer)
		}
		pause = longer
	}
	if pause != sweepLate {
		t.Errorf("pause while nothing is found: got %v, want %v", pause, sweepLate)
	}
	if got := next(pause, 1); got != sweepSoon {
		t.Errorf("pause after something was found: got %v, want %v", got, sweepSoon)
	}
}

func TestRecord(t *testing.T) {
	one := recorded{1, 2, []byte{1}}
	list := record(nil, one)
	before := list
	list = record(list, recorded{1, 2, []byte{2}})
	if len(list) != 1 || list[0].value[0] != 2 {
		t.Errorf("after the second value: got %v", list)
	}
	if before[0].value[0] != 1 {
		t.Error("a list that somebody reads has changed")
	}
	for i := range 2 * recordedBound {
		list = record(list, recorded{level: 6, name: i, value: []byte{3}})
	}
	if len(list) != recordedBound {
		t.Errorf("length: got %d, want it bounded by %d", len(list), recordedBound)
	}
}

func TestReplayStopsAtWhatIsRefused(t *testing.T) {
	id, err := linux.Task(os.Getpid()).Identity()
	if err != nil {
		t.Fatal(err)
	}
	defer id.Close()
	const keepAlive = 9
	fd, err := newTCP(id, linux.AFInet, []recorded{{linux.SolSocket, keepAlive, []byte{1, 0, 0, 0}}})
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	if got, err := linux.GetsockoptInt(fd, linux.SolSocket, keepAlive); err != nil || got != 1 {
		t.Errorf("SO_KEEPALIVE of a new socket: got %d and %v", got, err)
	}
	if _, err := newTCP(id, linux.AFInet, []recorded{{linux.SolTCP, 9999, []byte{1, 0, 0, 0}}}); err == nil {
		t.Error("an option that is refused: got no error")
	}
}

func TestClampOfBacklogs(t *testing.T) {
	for backlog, want := range map[int]int{0: 1, 1: 1, 5: 5, tokens: tokens, tokens + 1: tokens, -1: tokens} {
		if got := clamp(backlog); got != want {
			t.Errorf("clamp(%d): got %d, want %d", backlog, got, want)
		}
	}
}

func TestIDsAreNotZeroAndDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for range 1000 {
		id := newID()
		if id == 0 || seen[id] {
			t.Fatalf("id %d twice or zero", id)
		}
		seen[id] = true
	}
}
