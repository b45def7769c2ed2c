package tests

import (
	"fmt"
	"net"
	"path/filepath"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestClientCrowd has several programs make hundreds of connections at once: with many answers under way, calls of the
// supervisor on its seccomp listener are interrupted by signals of its own, and none may be lost.
func TestClientCrowd(t *testing.T) {
	const programs, count = 4, 500
	p := newPKI(t)
	var all []*testutil.Process
	for range programs {
		all = append(all, testutil.Start(t, ssaRun(t, testutil.Python(t), "-B", "programs/python/crowd_connect.py",
			fmt.Sprint(count), p.ca.Path, p.server.Chain, p.server.Key)))
	}
	for _, program := range all {
		if status, want := program.Wait(), fmt.Sprint(count); status != 0 || testutil.Lines(program.Output())["arrived"] != want {
			t.Errorf("got status %d, want %s connections:\n%s", status, want, program.Output())
		}
	}
}

// TestOptionCrowd makes and closes thousands of sockets, the program's own and those of others on the machine, and
// checks that the supervisor never takes a living one for closed.
func TestOptionCrowd(t *testing.T) {
	const kept = 500
	stop := make(chan struct{})
	var churning sync.WaitGroup
	churning.Go(func() { churn(t, stop) })
	defer churning.Wait()
	defer close(stop)
	out, status := testutil.Run(t, ssaRun(t, testutil.Python(t), "-B", "programs/python/crowd_keep.py", fmt.Sprint(kept), "20"), "")
	if got := testutil.Lines(out); status != 0 || got["alive"] != fmt.Sprint(kept) {
		t.Errorf("got status %d, %q of %d sockets alive (%s)", status, got["alive"], kept, got["lost"])
	}
}

// churn makes and closes AF_UNIX sockets until told to stop.
func churn(t *testing.T, stop <-chan struct{}) {
	dir := t.TempDir()
	for round := 0; ; round++ {
		select {
		case <-stop:
			return
		default:
		}
		var open []net.Listener
		for i := range 200 {
			l, err := net.Listen("unix", filepath.Join(dir, fmt.Sprintf("%d.%d", round, i)))
			if err != nil {
				t.Error(err)
				break
			}
			open = append(open, l)
		}
		for _, l := range open {
			_ = l.Close()
		}
	}
}
