package socket

import (
	"os"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

func TestWatcherTellsOfTheLastClose(t *testing.T) {
	w := watching(t)
	closed := make(chan string, 4)
	marker := func(name string) linux.FD {
		fd := unixSocket(t, 0)
		ref, err := w.bind(fd, func() { closed <- name })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ref.Close() })
		return fd
	}
	watched := marker("watched")
	dup := duplicateOf(t, watched)
	_ = watched.Close()
	// Events come in order: nothing was told of watched if another's end is told first.
	_ = marker("another").Close()
	if got := event(t, closed); got != "another" {
		t.Fatalf("first: got %q, want another while a duplicate is open", got)
	}
	_ = dup.Close()
	if got := event(t, closed); got != "watched" {
		t.Errorf("second: got %q, want watched", got)
	}
}

// TestWatcherTellsOfAListener has connections to the listener, accepted and not, open when it is closed.
func TestWatcherTellsOfAListener(t *testing.T) {
	w := watching(t)
	closed := make(chan bool, 1)
	fd := unixSocket(t, linux.SockNonblock)
	ref, err := w.bind(fd, func() { closed <- true })
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	if err := linux.Listen(fd, 4); err != nil {
		t.Fatal(err)
	}
	var clients []linux.FD
	for range 3 {
		c := unixSocket(t, 0)
		if err := linux.Connect(c, reach(ref)); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	token, err := linux.Accept4(fd, 0)
	if err != nil {
		t.Fatal(err)
	}
	_ = token.Close() // as takeToken does
	_ = fd.Close()
	event(t, closed)
	for _, c := range clients {
		if got := polled(t, c, linux.PollIn); got&linux.PollHup == 0 {
			t.Errorf("poll on the other end of a closed listener: got %#x, want it hung up", got)
		}
		_ = c.Close()
	}
	late := unixSocket(t, 0)
	defer late.Close()
	if err := linux.Connect(late, reach(ref)); err == nil {
		t.Error("connect to a listener that was closed: got no error")
	}
}

func TestWatcherLeavesNoName(t *testing.T) {
	w := watching(t)
	fd := unixSocket(t, 0)
	defer fd.Close()
	ref, err := w.bind(fd, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	if left, err := os.ReadDir(w.dir); err != nil || len(left) != 0 {
		t.Errorf("directory: got %d names and %v, want it empty", len(left), err)
	}
	if _, err := w.bind(fd, func() {}); err == nil {
		t.Error("bind of a socket that is bound: got no error")
	}
	if left, _ := os.ReadDir(w.dir); len(left) != 0 {
		t.Errorf("directory after an error: got %d names, want it empty", len(left))
	}
}

func TestWatcherWithManySockets(t *testing.T) {
	w := watching(t)
	const n = 200
	var all sync.WaitGroup
	all.Add(n)
	var fds []linux.FD
	for range n {
		fd := unixSocket(t, 0)
		ref, err := w.bind(fd, all.Done)
		if err != nil {
			t.Fatal(err)
		}
		_ = ref.Close() // not needed to be told
		fds = append(fds, fd)
	}
	for _, fd := range fds {
		_ = fd.Close()
	}
	done := make(chan bool)
	go func() {
		all.Wait()
		close(done)
	}()
	event(t, done)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.watches) != 0 {
		t.Errorf("entries left: %d", len(w.watches))
	}
}

func TestWatcherWithoutItsDirectory(t *testing.T) {
	w, err := newWatcher("/does/not/exist")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.close() }()
	fd := unixSocket(t, 0)
	defer fd.Close()
	if _, err := w.bind(fd, func() {}); err == nil {
		t.Error("bind: got no error")
	}
	if _, err := newHub(w); err == nil {
		t.Error("newHub: got no error")
	}
}
