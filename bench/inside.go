package main

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	insideGroup  = "inside: system calls and context switches"
	namesGroup   = "inside: system calls of ssa by name"
	allocsGroup  = "inside: allocations of ssa, both sides of a connection"
	callsName    = "system calls"
	switchesName = "context switches"
)

// A job is done a few times and often: what differs is what the steady state takes, without what begins and ends it.
type job struct {
	name      string
	few, many []string
	units     float64
}

func jobs() []job {
	const mb = "100000000"
	return []job{
		{"1 MB down", []string{"download", "1", mb}, []string{"download", "3", mb}, 200},
		{"1 MB up", []string{"upload", "1", mb}, []string{"upload", "3", mb}, 200},
		{"a connection", []string{"full", "50"}, []string{"full", "150"}, 100},
		{"a resumed connection", []string{"resumed", "50"}, []string{"resumed", "150"}, 100},
	}
}

// inside counts what the sides ask of the kernel, with strace(1) and by the kernel's accounts, and what they allocate.
func inside(w *workshop) error {
	perf := w.command("perf", "stat", "-e", "context-switches", "true") == nil
	if !perf {
		w.results.note("perf does not work here, so there are no context switches and no profile.")
	}
	for _, j := range jobs() {
		w.say("%s: %s", insideGroup, j.name)
		for _, s := range w.libraries() {
			if err := w.countCalls(s, j); err != nil {
				return err
			}
			for range when(perf, 3, 0) {
				if err := w.countSwitches(s, j); err != nil {
					return err
				}
			}
		}
	}
	if perf {
		w.profile()
	}
	return w.allocations()
}

// countCalls adds the system calls of everything a side is made of. Under strace all is slow, and waits are shorter.
func (w *workshop) countCalls(s side, j job) error {
	few, err := w.systemCalls(s.client(w, w.ports["ecdsa"], j.few...))
	if err != nil {
		return err
	}
	lots, err := w.systemCalls(s.client(w, w.ports["ecdsa"], j.many...))
	if err != nil {
		return err
	}
	w.results.add(series{Group: insideGroup, Name: callsName + " for " + j.name, Side: s.name}, max(lots["total"]-few["total"], 0)/j.units)
	if s.name != ssaSide {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(lots)) {
		if each := (lots[name] - few[name]) / j.units; each >= 0.1 && name != "total" {
			w.results.add(series{Group: namesGroup, Name: name, Side: j.name}, each)
		}
	}
	return nil
}

// calls gives the number of system calls of a command by name, and the total.
func (w *workshop) systemCalls(command []string) (map[string]float64, error) {
	file := w.path("strace.txt")
	if err := w.command("strace", append([]string{"-f", "-qq", "-c", "-o", file, "--"}, command...)...); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	counts := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		if n, err := strconv.ParseFloat(f[3], 64); err == nil {
			counts[f[len(f)-1]] = n
		}
	}
	if counts["total"] == 0 {
		return nil, fmt.Errorf("strace counted nothing: %s", text)
	}
	return counts, nil
}

// countSwitches adds what perf-stat(1) counts, of everything a side is made of.
func (w *workshop) countSwitches(s side, j job) error {
	var numbers [2]float64
	for i, args := range [][]string{j.few, j.many} {
		file := w.path("perf.txt")
		command := append([]string{"stat", "-x", ",", "-e", "context-switches", "-o", file, "--"}, s.client(w, w.ports["ecdsa"], args...)...)
		if err := w.command("perf", command...); err != nil {
			return err
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		m := switchesLine.FindSubmatch(text)
		if m == nil {
			return fmt.Errorf("perf stat counted nothing: %s", text)
		}
		numbers[i], _ = strconv.ParseFloat(string(m[1]), 64)
	}
	w.results.add(series{Group: insideGroup, Name: switchesName + " for " + j.name, Side: s.name}, max(numbers[1]-numbers[0], 0)/j.units)
	return nil
}

// switchesLine is a line of perf stat -x.
var switchesLine = regexp.MustCompile(`(?m)^(\d+),,context-switches`) // never written

// benchmarkLine is a line of go test -benchmem.
var benchmarkLine = regexp.MustCompile(`(?m)^Benchmark(\S+?)(?:-\d+)?\s.*?(\d+) B/op\s+(\d+) allocs/op$`) // never written

// allocations come from benchmarks of the packages, in which both sides are ours.
func (w *workshop) allocations() error {
	w.say("%s", allocsGroup)
	for _, b := range []struct{ pkg, name, times string }{
		{"./internal/engine", "^BenchmarkHandshake$/^TLS.?1.3", "200x"}, {"./internal/relay", "^Benchmark(Download|Upload|PingPong)$/^relay$", "100x"},
	} {
		cmd := exec.CommandContext(w.ctx, "go", "test", "-run", "^$", "-bench", b.name, "-benchmem", "-benchtime", b.times, b.pkg)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", cmd, err, out)
		}
		lines := benchmarkLine.FindAllStringSubmatch(string(out), -1)
		if lines == nil {
			return fmt.Errorf("%s: no numbers in\n%s", cmd, out)
		}
		for _, m := range lines {
			bytes, _ := strconv.ParseFloat(m[2], 64)
			count, _ := strconv.ParseFloat(m[3], 64)
			w.results.add(series{Group: allocsGroup, Name: allocated(m[1]) + ", allocations", Side: ssaSide}, count)
			w.results.add(series{Group: allocsGroup, Name: allocated(m[1]) + ", allocated", Unit: "KB", Side: ssaSide}, bytes/1e3)
		}
	}
	return nil
}

// allocated says in words what a benchmark does once.
func allocated(benchmark string) string {
	words := map[string]string{"Download/relay": "4 MB down through the relay", "Upload/relay": "4 MB up through the relay",
		"PingPong/relay": "a byte there and back through the relay"}
	if words[benchmark] != "" {
		return words[benchmark]
	}
	_, kind, _ := strings.Cut(benchmark, "/")
	return "handshake, " + strings.ReplaceAll(kind, "_", " ")
}
