package testutil

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// listeningPort finds the IPv4 port on which a process listens, for a peer that lets the kernel choose one and
// does not tell: its descriptors name sockets by inode, and /proc/net/tcp says what those are (proc(5)).
func listeningPort(t testing.TB, pid int) string {
	t.Helper()
	inodes := socketInodes(pid)
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/tcp", pid))
	if err != nil {
		t.Fatalf("find port of pid %d: %v", pid, err)
	}
	for line := range strings.Lines(string(table)) {
		port, inode, ok := listeningRow(line)
		if ok && inodes[inode] {
			return port
		}
	}
	t.Fatalf("find port of pid %d: it does not listen", pid)
	return ""
}

func socketInodes(pid int) map[string]bool {
	inodes := map[string]bool{}
	fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	for _, fd := range fds {
		target, err := os.Readlink(fd)
		if inode, ok := strings.CutPrefix(target, "socket:["); err == nil && ok {
			inodes[strings.TrimSuffix(inode, "]")] = true
		}
	}
	return inodes
}

// listeningRow reads one row: "sl local_address rem_address st … inode", with state 0A for LISTEN.
func listeningRow(line string) (port, inode string, ok bool) {
	f := strings.Fields(line)
	if len(f) < 10 || f[3] != "0A" {
		return "", "", false
	}
	_, hex, _ := strings.Cut(f[1], ":")
	n, err := strconv.ParseUint(hex, 16, 16)
	return strconv.FormatUint(n, 10), f[9], err == nil
}
