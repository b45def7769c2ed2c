package linux

import (
	"errors"
	"os"
)

// SendAll writes all of b to a socket in Go's poller, waiting for room. Unlike write(2) it does so whatever O_NONBLOCK is
// on the open file description, which others may have too.
func SendAll(f *os.File, b []byte) (int, error) {
	done, err := 0, error(nil)
	wait := WaitWrite(f, func(fd FD) bool {
		for done < len(b) && err == nil {
			var n int
			n, err = Send(fd, b[done:])
			done += max(n, 0)
			if errors.Is(err, EINTR) {
				err = nil
			}
		}
		if errors.Is(err, EAGAIN) {
			err = nil
			return false
		}
		return true
	})
	return done, errors.Join(wait, err)
}

// RecvSome reads from a socket in Go's poller what is there, waiting for the first byte; see SendAll. 0 and no error is
// the end of the stream.
func RecvSome(f *os.File, b []byte) (int, error) {
	n, err := 0, error(nil)
	wait := WaitRead(f, func(fd FD) bool {
		n, err = Read(fd, b)
		return !errors.Is(err, EAGAIN)
	})
	return n, errors.Join(wait, err)
}
