package testutil

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests and then reports descriptors and goroutines that they left behind, which makes the run
// fail. Use it as TestMain: os.Exit(testutil.Main(m)).
func Main(m *testing.M) int {
	before := descriptors()
	status := m.Run()
	if status != 0 {
		return status
	}
	leaks := leaked(before)
	for deadline := time.Now().Add(5 * time.Second); len(leaks) > 0 && time.Now().Before(deadline); leaks = leaked(before) {
		// What was asked to end may need a moment to do so, and a runtime that collects closes what was dropped.
		runtime.Gosched()
		<-time.After(10 * time.Millisecond)
	}
	for _, l := range leaks {
		fmt.Fprintln(os.Stderr, "left behind by the tests:", l)
	}
	if len(leaks) > 0 {
		return 1
	}
	return 0
}

func leaked(before map[string]string) []string {
	var leaks []string
	for fd, target := range descriptors() {
		if before[fd] != target && !strings.HasPrefix(target, "anon_inode:") && target != "" {
			leaks = append(leaks, "descriptor "+fd+" of "+target)
		}
	}
	return append(leaks, goroutines()...)
}

// descriptors maps each open descriptor to what it refers to. One that is closed meanwhile, such as the one
// that reads the directory, is left out.
func descriptors() map[string]string {
	const dir = "/proc/self/fd"
	open := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return open
	}
	for _, e := range entries {
		if target, err := os.Readlink(dir + "/" + e.Name()); err == nil {
			open[e.Name()] = target
		}
	}
	return open
}

// goroutines gives the stacks of those that are neither this one nor the runtime's own.
func goroutines() []string {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	var stacks []string
	for i, s := range strings.Split(string(buf), "\n\n") {
		if i > 0 && !strings.Contains(s, "os/signal.") && !strings.Contains(s, "runtime.ensureSigM") {
			stacks = append(stacks, s)
		}
	}
	return stacks
}
