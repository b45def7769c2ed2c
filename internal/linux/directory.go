package linux

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A procDir is an open directory of procfs. What is in it is found without a look at the way to it, which costs more.
type procDir FD

func openProcDir(path string) (procDir, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	return procDir(fd), err
}

func (d procDir) close() { _ = unix.Close(int(d)) }

// entries calls fn with each name but those that begin with a point. It ends in some NULs and must not be kept.
func (d procDir) entries(fn func(name []byte) error) error {
	// As struct linux_dirent64 (getdents64(2)): how long an entry is, and where its name begins.
	const length, begin = 16, 19
	buf := make([]byte, 1024)
	for {
		n, err := unix.Getdents(int(d), buf)
		if n <= 0 || err != nil {
			return err
		}
		for b := buf[:n]; len(b) > begin; {
			entry := b[begin:binary.NativeEndian.Uint16(b[length:])]
			b = b[begin+len(entry):]
			if entry[0] == '.' {
				continue
			}
			if err := fn(entry); err != nil {
				return err
			}
		}
	}
}

// links calls fn for each number with what it links to, which must not be kept. One that is closed
// meanwhile is none.
func (d procDir) links(fn func(number int, target []byte) error) error {
	room := make([]byte, 64) // more than the links have that are looked for
	return d.entries(func(name []byte) error {
		n, _, errno := unix.Syscall6(unix.SYS_READLINKAT, uintptr(d), uintptr(unsafe.Pointer(&name[0])),
			uintptr(unsafe.Pointer(&room[0])), uintptr(len(room)), 0, 0)
		if errno != 0 {
			return nil
		}
		return fn(decimal(name), room[:n])
	})
}

// decimal is the number that a name begins with.
func decimal(name []byte) (n int) {
	for _, c := range name {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int(c-'0')
	}
	return n
}
