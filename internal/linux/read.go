package linux

import "golang.org/x/sys/unix"

// Read reads from a descriptor in non-blocking mode: EAGAIN when nothing is there, 0 at the end of the stream.
func Read(fd FD, b []byte) (int, error) {
	for {
		n, err := unix.Read(int(fd), b)
		if err != EINTR {
			return max(n, 0), err
		}
	}
}
