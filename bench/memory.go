package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	// idleCount is how many connections are held.
	idleCount = 1000
	// settleTime is how long memory must not change to count as settled, settleMax how long to wait for that.
	settleTime = 3 * time.Second
	settleMax  = 30 * time.Second
)

// memory measures the resident memory of what does the TLS, per idle connection that has moved one byte: with
// ssa that is the supervisor, without it the program.
func memory(w *workshop) ([]row, error) {
	w.say("memory of %d idle connections", idleCount)
	r := row{Group: "memory of an idle connection", Name: "resident", Unit: "KB", Samples: idleCount}
	for s, result := range map[side]*float64{with: &r.With, without: &r.Without} {
		few, err := w.resident(s, 10)
		if err != nil {
			return nil, err
		}
		many, err := w.resident(s, 10+idleCount)
		if err != nil {
			return nil, err
		}
		*result = (many - few) / idleCount
	}
	return []row{r}, nil
}

// resident is the kilobytes that count connections take, with what there is without any.
func (w *workshop) resident(s side, count int) (float64, error) {
	cmd := w.client(s, "idle", strconv.Itoa(count))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	kb, err := w.settled(s, out)
	_ = in.Close()
	if werr := cmd.Wait(); err == nil && werr != nil {
		err = fmt.Errorf("%s: %w", cmd, werr)
	}
	return kb, err
}

// settled waits for the program to be ready and then for its memory to keep still.
func (w *workshop) settled(s side, out io.Reader) (float64, error) {
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		return 0, fmt.Errorf("hold idle connections: the program wrote %q: %w", line, err)
	}
	exe := w.path("client-openssl")
	if s == with {
		exe = w.path("ssa")
	}
	tick := time.NewTicker(settleTime)
	defer tick.Stop()
	last := residentOf(exe)
	for end := time.Now().Add(settleMax); time.Now().Before(end); {
		<-tick.C
		now := residentOf(exe)
		if now == last {
			break
		}
		last = now
	}
	return last, nil
}

// residentOf adds up the resident memory of the processes that run a file, in kilobytes (proc(5)).
func residentOf(exe string) float64 {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	sum := 0.0
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == exe {
			sum += vmRSS(filepath.Dir(link))
		}
	}
	return sum
}

func vmRSS(proc string) float64 {
	status, err := os.ReadFile(filepath.Join(proc, "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, _ := strconv.ParseFloat(f[1], 64)
			return kb
		}
	}
	return 0
}
