package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A group is a control group, which adds up the processor time of all processes of a side: the program, its supervisor,
// the proxy (cgroups(7)). Where there is none to be had, there are no numbers of processor time.
type group struct{ dir string }

// groupRoot is where groups can be made: with cpuacct of version 1, or version 2.
func groupRoot() string {
	for _, dir := range []string{"/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup"} {
		if _, err := os.Stat(filepath.Join(dir, "cgroup.procs")); err == nil {
			return dir
		}
	}
	return ""
}

// groupPrefix keeps the groups of two runs apart.
func groupPrefix() string { return fmt.Sprintf("ssa-bench-%d-", os.Getpid()) }

// group makes the group of a side.
func (w *workshop) group(name string) group {
	root := groupRoot()
	if root == "" {
		return group{}
	}
	g := group{filepath.Join(root, groupPrefix()+name)}
	if err := os.Mkdir(g.dir, 0o755); err != nil && !os.IsExist(err) {
		return group{}
	}
	return g
}

func (w *workshop) removeGroups() {
	dirs, _ := filepath.Glob(filepath.Join(groupRoot(), groupPrefix()+"*"))
	for _, dir := range dirs {
		_ = os.Remove(dir)
	}
}

// enter makes a command part of the group.
func (g group) enter(command ...string) []string {
	if g.dir == "" {
		return command
	}
	return append([]string{"sh", "-c", `echo $$ >"$0"/cgroup.procs; exec "$@"`, g.dir}, command...)
}

// seconds is the processor time of the group so far, 0 when it is not known.
func (g group) seconds() float64 {
	if text, err := os.ReadFile(filepath.Join(g.dir, "cpuacct.usage")); err == nil {
		n, _ := strconv.ParseFloat(trim(text), 64)
		return n / 1e9
	}
	text, err := os.ReadFile(filepath.Join(g.dir, "cpu.stat"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == "usage_usec" {
			n, _ := strconv.ParseFloat(f[1], 64)
			return n / 1e6
		}
	}
	return 0
}
