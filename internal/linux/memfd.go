package linux

import (
	"errors"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// sealed are the seals of a memory file that nobody can change any more.
const sealed = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// SealedMemory makes a memory file (memfd_create(2)) of parts, one after the other, which nobody can change.
func SealedMemory(name string, parts ...[]byte) (FD, error) {
	n, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return NoFD, fmt.Errorf("memfd_create: %w", err)
	}
	fd := FD(n)
	for _, p := range parts {
		if err == nil {
			err = writeAll(fd, p)
		}
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, sealed)
	}
	if err != nil {
		return NoFD, errors.Join(fmt.Errorf("fill a memory file: %w", err), fd.Close())
	}
	return fd, nil
}

func writeAll(fd FD, b []byte) error {
	for len(b) > 0 {
		n, err := unix.Write(int(fd), b)
		if err != nil && err != EINTR {
			return err
		}
		b = b[max(n, 0):]
	}
	return nil
}

// MemorySize is the size of a memory file in bytes. One that is no memory file, or that somebody could still change,
// is an error.
func MemorySize(fd FD) (int64, error) {
	seals, err := unix.FcntlInt(uintptr(fd), unix.F_GET_SEALS, 0)
	if err != nil {
		return 0, fmt.Errorf("the descriptor is no memory file: %w", err)
	}
	if seals&(sealed&^unix.F_SEAL_SEAL) != sealed&^unix.F_SEAL_SEAL {
		return 0, errors.New("the memory file is not sealed")
	}
	st, err := fstat(fd)
	return st.Size, err
}

// ReadMemoryFile fills b from the beginning of a memory file, whatever its offset.
func ReadMemoryFile(fd FD, b []byte) error {
	for done := 0; done < len(b); {
		n, err := unix.Pread(int(fd), b[done:], int64(done))
		if err == EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return io.ErrUnexpectedEOF
		}
		done += n
	}
	return nil
}
