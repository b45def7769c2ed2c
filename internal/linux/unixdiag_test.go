package linux_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

// sockets makes pairs of AF_UNIX sockets and gives their inodes.
func sockets(t *testing.T, pairs int) (fds []linux.FD, inodes []uint64) {
	t.Helper()
	for range pairs {
		a, b := pair(t)
		for _, fd := range []linux.FD{a, b} {
			inode, err := linux.Inode(fd)
			if err != nil {
				t.Fatal(err)
			}
			fds, inodes = append(fds, fd), append(inodes, inode)
		}
	}
	return fds, inodes
}

func unixDiag(t *testing.T) linux.UnixDiag {
	t.Helper()
	d, err := linux.NewUnixDiag()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func listed(t *testing.T, d linux.UnixDiag) (all map[uint64]bool, whole bool) {
	t.Helper()
	all = map[uint64]bool{}
	whole, err := d.List(func(inode uint64) { all[inode] = true })
	if err != nil {
		t.Fatal(err)
	}
	return all, whole
}

func TestUnixDiag(t *testing.T) {
	d := unixDiag(t)
	fds, inodes := sockets(t, 1)
	cookie, err := linux.SocketCookie(fds[0])
	if err != nil {
		t.Fatal(err)
	}
	exists := func(what string, cookie uint64, want bool) {
		t.Helper()
		if got, err := d.Exists(uint32(inodes[0]), cookie); got != want || err != nil {
			t.Errorf("%s: exists %v, %v; want %v", what, got, err, want)
		}
	}
	exists("a socket", cookie, true)
	exists("its inode with another cookie", cookie+1, false)
	if all, _ := listed(t, d); !all[inodes[0]] || !all[inodes[1]] {
		t.Error("the list lacks a socket that is open")
	}
	_ = fds[0].Close()
	exists("a closed socket", cookie, false)
	if all, _ := listed(t, d); all[inodes[0]] || !all[inodes[1]] {
		t.Error("the list has a closed socket, or lacks the one it was connected to")
	}
}

// TestUnixDiagInParts has more sockets than the kernel lists in one part.
func TestUnixDiagInParts(t *testing.T) {
	d := unixDiag(t)
	fds, inodes := sockets(t, 600)
	if _, err := d.Exists(uint32(inodes[0]), 0); err != nil {
		t.Fatal(err)
	}
	all, whole := listed(t, d)
	if whole {
		t.Error("a list of 1200 sockets is said to be whole")
	}
	for _, inode := range inodes {
		if !all[inode] {
			t.Fatalf("the list lacks socket %d of %d", inode, len(fds))
		}
	}
}
