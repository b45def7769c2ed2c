package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// OpenPath opens a reference to a file or directory without any right to its content (O_PATH).
func OpenPath(path string) (FD, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	return FD(fd), err
}

// OpenInRoot opens a path for reading with dir as its root: neither "..", nor a symbolic link, absolute or
// magic, leads out (RESOLVE_IN_ROOT, openat2(2)). It does not wait for the other end of a FIFO.
func OpenInRoot(dir FD, path string) (*os.File, error) {
	how := unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	for {
		fd, err := unix.Openat2(int(dir), path, &how)
		if err == EINTR || err == EAGAIN {
			continue
		}
		if err != nil {
			return nil, err
		}
		return os.NewFile(uintptr(fd), path), nil
	}
}
