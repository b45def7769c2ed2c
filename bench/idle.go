package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	idleGroup   = "scale: idle connections"
	memoryName  = "resident memory for each"
	connectName = "time to connect all"
	quietName   = "processor time while idle, of a second"
	effortName  = "processor time to connect all"
	// settleTime is how long a process is left alone before it is looked at.
	settleTime = 4 * time.Second
)

// idle holds connections that have moved a byte.
func idle(w *workshop) error {
	sides, empty := w.libraries()[:2], map[string]holding{}
	for _, s := range sides {
		var err error
		if empty[s.name], err = w.held(s, 10); err != nil {
			return err
		}
	}
	for _, count := range []int{1000, 3000, idleMost(w)} {
		w.say("%s: %d", idleGroup, count)
		for _, s := range sides {
			if err := w.hold(s, count, empty[s.name]); err != nil {
				return err
			}
		}
	}
	return nil
}

// idleMost is ten thousand, or what the limit of descriptors allows: a supervisor has two for each connection.
func idleMost(w *workshop) int {
	const most, spare = 10000, 2000
	text, err := exec.CommandContext(w.ctx, "sh", many("sh", "-c", "ulimit -n")[1:]...).Output()
	limit, perr := strconv.Atoi(trim(text))
	if err != nil || perr != nil {
		return most
	}
	return min(most, (limit-spare)/2)
}

// hold measures one side. What the process takes without connections is that of ten.
func (w *workshop) hold(s side, count int, few holding) error {
	lots, err := w.held(s, 10+count)
	if err != nil {
		return err
	}
	x := float64(count)
	w.results.add(series{Group: idleGroup, Name: memoryName, Unit: "KB", Side: s.name, X: x}, (lots.kb-few.kb)/x)
	w.results.add(series{Group: idleGroup, Name: connectName, Unit: "s", Side: s.name, X: x}, lots.connected.Seconds())
	w.results.add(series{Group: idleGroup, Name: effortName, Unit: "s", Side: s.name, X: x}, lots.effort-few.effort)
	w.results.add(series{Group: idleGroup, Name: quietName, Unit: "ms", Side: s.name, X: x}, lots.quiet*1e3)
	return nil
}

// holding is what a process with connections is like.
type holding struct {
	connected time.Duration
	// effort and quiet are seconds of processor time.
	kb, effort, quiet float64
}

func (w *workshop) held(s side, count int) (h holding, err error) {
	command := s.group.enter(many(s.client(w, w.ports["ecdsa"], "idle", strconv.Itoa(count))...)...)
	cmd := exec.CommandContext(w.ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return h, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return h, err
	}
	start, begun := time.Now(), s.group.seconds()
	if err := cmd.Start(); err != nil {
		return h, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "ready\n" {
		return h, fmt.Errorf("hold idle connections: the program wrote %q: %w", line, err)
	}
	h.connected, h.effort = time.Since(start), s.group.seconds()-begun
	<-time.After(settleTime)
	before := s.group.seconds()
	<-time.After(time.Second)
	h.quiet = s.group.seconds() - before
	h.kb = residentOf(w.path(map[bool]string{true: "ssa", false: s.program}[len(s.under) > 0]))
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		return h, fmt.Errorf("%s: %w", cmd, err)
	}
	return h, nil
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
