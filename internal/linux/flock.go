package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// Flock waits for an exclusive lock of the open file (flock(2)). Closing it gives the lock back.
func Flock(f *os.File) error { return flock(f, unix.LOCK_EX) }

// Funlock gives the lock back.
func Funlock(f *os.File) error { return flock(f, unix.LOCK_UN) }

func flock(f *os.File, how int) error {
	return Control(f, func(fd FD) error {
		for {
			if err := unix.Flock(int(fd), how); err != unix.EINTR {
				return err
			}
		}
	})
}
