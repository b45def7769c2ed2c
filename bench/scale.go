package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

const (
	holdGroup   = "scale: a client's idle connections"
	acceptGroup = "scale: a server's idle connections"
	memoryName  = "resident memory for each"
	connectName = "time until all are there"
	quietName   = "processor time while idle, of a second"
	effortName  = "processor time until all are there"
	// settleTime is how long all are left alone before they are looked at.
	settleTime = 3 * time.Second
	// scaleBase is how many connections there are before anything is counted.
	scaleBase = 20
)

// scaleCounts grow up to what is promised.
var scaleCounts = []int{1000, 4000, 7000, 10000} // never written

// scale lets the connections of all sides grow together, so that what else the machine does meets all, and then leaves
// all alone.
func scale(w *workshop) error {
	trees := w.scaleTrees()
	if trees > 1 {
		w.results.note("A process may have %d descriptors here, and a supervisor or proxy has two for a connection: in \"scale\" each side is %d "+
			"processes, or trees of them, with as many connections each.", w.descriptors(), trees)
	}
	for _, part := range []struct {
		group string
		start func(*workshop, int) ([]*crowd, error)
	}{{holdGroup, holdingCrowds}, {acceptGroup, acceptingCrowds}} {
		mark := len(w.running)
		crowds, err := part.start(w, trees)
		if err == nil {
			err = w.grow(part.group, crowds)
		}
		for _, c := range crowds {
			err = errors.Join(err, c.end())
		}
		w.stopSince(mark)
		if err != nil {
			return err
		}
	}
	return nil
}

// descriptors are how many a process can have (getrlimit(2)).
func (w *workshop) descriptors() int {
	text, err := exec.CommandContext(w.ctx, "sh", many("sh", "-c", "ulimit -n")[1:]...).Output()
	n, perr := strconv.Atoi(trim(text))
	if err != nil || perr != nil {
		return 1024
	}
	return n
}

// scaleTrees is how many processes share ten thousand connections, with two descriptors for each and some to spare.
func (w *workshop) scaleTrees() int {
	most, spare := scaleCounts[len(scaleCounts)-1], 1000
	return (2*most + w.descriptors() - spare - 1) / max(w.descriptors()-spare, 1)
}

// A crowd is the connections of one side.
type crowd struct {
	side  string
	group group
	// owners are the processes that are measured, by the numbers of their groups.
	owners  []int
	holders []*holder
	// elapsed, effort and base add up as it grows.
	elapsed, effort, base float64
}

// A holder is a client that holds connections.
type holder struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (w *workshop) holder(command []string) (*holder, error) {
	cmd := exec.CommandContext(w.ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = linux.Setpgid()
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &holder{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

// holdingCrowds are clients of web servers that are nobody's side.
func holdingCrowds(w *workshop, trees int) ([]*crowd, error) {
	var all []*crowd
	for _, s := range w.libraries() {
		c := &crowd{side: s.name, group: s.group}
		all = append(all, c)
		peer, err := w.startNginx("ecdsa")
		if err != nil {
			return all, err
		}
		for range trees {
			h, err := w.holder(s.group.enter(many(s.client(w, peer.port, "hold", "0")...)...))
			if err != nil {
				return all, err
			}
			c.holders, c.owners = append(c.holders, h), append(c.owners, h.cmd.Process.Pid)
		}
	}
	return all, nil
}

// acceptingCrowds are web servers, and clients that are nobody's side. Each proxy has backends of its own.
func acceptingCrowds(w *workshop, trees int) ([]*crowd, error) {
	const clients = 4
	var all []*crowd
	for _, k := range w.serverKinds() {
		c := &crowd{side: k.name, group: w.group("scale-" + dashed(k.name))}
		all = append(all, c)
		var servers []webServer
		for range trees {
			p := proxyPorts{key: "ecdsa", most: (w.descriptors() - 1000) / 2}
			if k.proxy {
				backend, err := w.backend()
				if err != nil {
					return all, err
				}
				p.to = backend.port
			}
			s, err := w.startServer(k, c.group, p)
			if err != nil {
				return all, err
			}
			servers, c.owners = append(servers, s), append(c.owners, w.running[len(w.running)-1].Process.Pid)
		}
		client := side{program: "client-openssl"}
		for i := range clients {
			h, err := w.holder(many(client.client(w, servers[i%trees].port, "hold", "0")...))
			if err != nil {
				return all, err
			}
			c.holders = append(c.holders, h)
		}
	}
	return all, nil
}

// grow measures the crowds at each number of connections.
func (w *workshop) grow(group string, crowds []*crowd) error {
	for _, c := range crowds {
		if err := c.reach(scaleBase); err != nil {
			return fmt.Errorf("%s: %w", c.side, err)
		}
	}
	<-time.After(settleTime)
	for _, c := range crowds {
		c.base, c.elapsed, c.effort = c.resident(), 0, 0
	}
	for round, count := range scaleCounts {
		w.say("%s: %d", group, count)
		for _, c := range turns(crowds, round) {
			if err := c.reach(scaleBase + count); err != nil {
				return fmt.Errorf("%s: %w", c.side, err)
			}
		}
		<-time.After(settleTime)
		w.lookAt(group, count, crowds)
	}
	return nil
}

// reach makes connections until there are as many.
func (c *crowd) reach(count int) error {
	begun, before := time.Now(), c.group.seconds()
	for _, h := range c.holders {
		if _, err := fmt.Fprintln(h.in, count/len(c.holders)); err != nil {
			return err
		}
	}
	for _, h := range c.holders {
		if line, err := h.out.ReadString('\n'); err != nil || line != "ready\n" {
			return fmt.Errorf("hold connections: the client wrote %q: %w", line, err)
		}
	}
	c.elapsed += time.Since(begun).Seconds()
	c.effort += c.group.seconds() - before
	return nil
}

// lookAt adds what the crowds cost while nothing happens.
func (w *workshop) lookAt(group string, count int, crowds []*crowd) {
	before := make([]float64, len(crowds))
	for i, c := range crowds {
		before[i] = c.group.seconds()
	}
	<-time.After(time.Second)
	for i, c := range crowds {
		quiet := c.group.seconds() - before[i]
		for _, v := range []struct {
			name, unit string
			value      float64
		}{
			{connectName, "s", c.elapsed}, {effortName, "s", c.effort}, {quietName, "ms", quiet * 1e3},
			{memoryName, "KB", (c.resident() - c.base) / float64(count)},
		} {
			w.results.add(series{Group: group, Name: v.name, Unit: v.unit, Side: c.side, X: float64(count)}, v.value)
		}
	}
}

// resident is the resident memory of the measured processes, in kilobytes.
func (c *crowd) resident() float64 {
	sum := 0.0
	for _, group := range c.owners {
		sum += residentOf(group)
	}
	return sum
}

// end lets the clients close their connections.
func (c *crowd) end() error {
	var errs []error
	for _, h := range c.holders {
		_ = h.in.Close()
		if err := h.cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", h.cmd, err))
		}
	}
	return errors.Join(errs...)
}

// residentOf adds up the resident memory of the processes of a process group, in kilobytes (proc(5)).
func residentOf(group int) float64 {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	sum := 0.0
	for _, path := range stats {
		text, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(text), ") ")
		if f := strings.Fields(rest); len(f) > 2 && f[2] == strconv.Itoa(group) {
			sum += vmRSS(filepath.Dir(path))
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
