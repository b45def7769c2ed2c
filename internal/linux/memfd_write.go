package linux

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// OpenMemory makes an empty memory file for another process to write to (memfd_create(2)).
func OpenMemory(name string) (FD, error) {
	n, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return NoFD, fmt.Errorf("memfd_create: %w", err)
	}
	return FD(n), nil
}

// WriteMemoryFile writes b to the beginning of a memory file.
func WriteMemoryFile(fd FD, b []byte) error {
	if _, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0); err != nil {
		return fmt.Errorf("the descriptor is no memory file: %w", err)
	}
	for done := 0; done < len(b); {
		n, err := unix.Pwrite(int(fd), b[done:], int64(done))
		if err != nil && err != EINTR {
			return err
		}
		done += max(n, 0)
	}
	return nil
}
