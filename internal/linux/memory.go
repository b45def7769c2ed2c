package linux

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// ReadMemory copies from the memory of a task (process_vm_readv(2)), or through /proc/TID/mem where the
// kernel has no such call or refuses it. A short copy is EFAULT.
func ReadMemory(tid int, addr uint64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
	remote := []unix.RemoteIovec{{Base: uintptr(addr), Len: len(b)}}
	n, err := unix.ProcessVMReadv(tid, local, remote, 0)
	if forbidden(err) {
		return memory(tid, os.O_RDONLY, func(f *os.File) (int, error) { return f.ReadAt(b, int64(addr)) })
	}
	return whole(n, len(b), err)
}

// WriteMemory copies into the memory of a task (process_vm_writev(2)).
func WriteMemory(tid int, addr uint64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	local := []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}}
	remote := []unix.RemoteIovec{{Base: uintptr(addr), Len: len(b)}}
	n, err := unix.ProcessVMWritev(tid, local, remote, 0)
	if forbidden(err) {
		return memory(tid, os.O_WRONLY, func(f *os.File) (int, error) { return f.WriteAt(b, int64(addr)) })
	}
	return whole(n, len(b), err)
}

// forbidden says whether the call itself cannot be used: the kernel lacks it, or a seccomp profile refuses it.
func forbidden(err error) bool { return errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) }

func memory(tid, mode int, fn func(*os.File) (int, error)) error {
	f, err := os.OpenFile("/proc/"+strconv.Itoa(tid)+"/mem", mode, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := fn(f); err != nil {
		return EFAULT
	}
	return nil
}

func whole(n, want int, err error) error {
	if err == nil && n < want {
		return EFAULT
	}
	return err
}
