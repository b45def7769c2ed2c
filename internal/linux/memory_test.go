package linux_test

import (
	"errors"
	"os"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
)

// mapping is two pages of this process, of which the second is not accessible.
func mapping(t *testing.T) (page []byte, addr uint64) {
	t.Helper()
	size := os.Getpagesize()
	m, err := unix.Mmap(-1, 0, 2*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(m) })
	if err := unix.Mprotect(m[size:], unix.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return m[:size], uint64(uintptr(unsafe.Pointer(&m[0])))
}

func TestMemory(t *testing.T) {
	page, addr := mapping(t)
	end := addr + uint64(len(page))
	copy(page, "hello")
	pid := os.Getpid()
	for _, row := range []struct {
		name string
		pid  int
		addr uint64
		n    int
		want error
	}{
		{"ok the beginning", pid, addr, 5, nil},
		{"ok to the very end", pid, end - 5, 5, nil},
		{"ok nothing, anywhere", pid, 8, 0, nil},
		{"bad one byte too far", pid, end - 5, 6, linux.EFAULT},
		{"bad not accessible", pid, end, 1, linux.EFAULT},
		{"bad NULL", pid, 0, 1, linux.EFAULT},
		{"bad kernel address", pid, 1<<63 + 4096, 1, linux.EFAULT},
		{"bad around the end of the address space", pid, ^uint64(0) - 1, 8, linux.EFAULT},
		{"bad no such process", 1 << 22, addr, 5, linux.ESRCH},
	} {
		t.Run(row.name, func(t *testing.T) {
			if err := linux.ReadMemory(row.pid, row.addr, make([]byte, row.n)); !errors.Is(err, row.want) {
				t.Errorf("ReadMemory: got %v, want %v", err, row.want)
			}
			if err := linux.WriteMemory(row.pid, row.addr, make([]byte, row.n)); !errors.Is(err, row.want) {
				t.Errorf("WriteMemory: got %v, want %v", err, row.want)
			}
		})
	}
}

func TestMemoryIsCopied(t *testing.T) {
	page, addr := mapping(t)
	if err := linux.WriteMemory(os.Getpid(), addr+3, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if err := linux.ReadMemory(os.Getpid(), addr+3, b); err != nil || string(b) != "hello" || string(page[3:8]) != "hello" {
		t.Errorf("read again: got %q, %q and %v", b, page[3:8], err)
	}
}

func TestReadOnlyMemoryIsNotWritten(t *testing.T) {
	page, addr := mapping(t)
	if err := unix.Mprotect(page, unix.PROT_READ); err != nil {
		t.Fatal(err)
	}
	if err := linux.WriteMemory(os.Getpid(), addr, []byte("x")); !errors.Is(err, linux.EFAULT) {
		t.Errorf("WriteMemory to what is read-only: got %v, want EFAULT", err)
	}
}
