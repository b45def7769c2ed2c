package linux

import "golang.org/x/sys/unix"

// Inode is the number of the file behind a descriptor (fstat(2)); of a socket, the one that /proc/PID/fd shows.
func Inode(fd FD) (uint64, error) {
	st, err := fstat(fd)
	return st.Ino, err
}

func fstat(fd FD) (st unix.Stat_t, err error) {
	err = unix.Fstat(int(fd), &st)
	return st, err
}
