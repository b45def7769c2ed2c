package linux

import (
	"bufio"
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// readProc reads a small file of proc(5) whole. Package os would try to put it in the poller first.
func readProc(path string) ([]byte, error) {
	return readProcAt(unix.AT_FDCWD, path, make([]byte, 0, 4096))
}

// readProcAt is readProc for a file in an open directory. It puts what it reads behind b, as append does.
func readProcAt(dir int, path string, b []byte) ([]byte, error) {
	fd, err := unix.Openat(dir, path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Read(fd, b[len(b):cap(b)])
		if err == EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if n == 0 {
			return b, nil
		}
		if b = b[:len(b)+n]; len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}

// scanProc is readProc for a file that may be large: it gives each line to fn, which must not keep it.
func scanProc(path string, fn func(line []byte)) error {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	lines := bufio.NewScanner(procReader(fd))
	for lines.Scan() {
		fn(lines.Bytes())
	}
	if err := lines.Err(); err != nil {
		return &os.PathError{Op: "read", Path: path, Err: err}
	}
	return nil
}

// procReader reads from a descriptor of procfs.
type procReader int

func (r procReader) Read(b []byte) (int, error) {
	for {
		n, err := unix.Read(int(r), b)
		switch {
		case errors.Is(err, EINTR):
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		return n, nil
	}
}
