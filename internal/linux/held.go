package linux

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Held is what a task has of a socket.
type Held struct {
	Descriptors   []Descriptor
	Registrations []Registration
}

// HeldMax bounds the registrations of one socket; one more says that there are more.
const HeldMax = 64

// A Descriptor is a number in a task's table.
type Descriptor struct {
	Number  int
	Cloexec bool
}

// epollLink is what the descriptor of an epoll instance links to in /proc/PID/fd.
const epollLink = "anon_inode:[eventpoll]"

// Held reads which descriptors a task has of a socket, and how the socket is registered with epoll instances that the
// task has descriptors of. An instance with several is listed under each.
func (t Task) Held(inode uint64) (h Held, err error) {
	dir, err := openProcDir(t.proc("fd"))
	if err != nil {
		return h, err
	}
	defer dir.close()
	link := socketLink(inode)
	err = dir.links(func(n int, target []byte) error {
		switch {
		case bytes.Equal(target, link):
			cloexec, err := t.cloexec(n)
			h.Descriptors = append(h.Descriptors, Descriptor{n, cloexec})
			return passed(err)
		case string(target) == epollLink:
			return passed(t.registrations(n, inode, func(r Registration) {
				if len(h.Registrations) <= HeldMax {
					h.Registrations = append(h.Registrations, r)
				}
			}))
		}
		return nil
	})
	return h, err
}

// passed leaves out that a descriptor was closed meanwhile.
func passed(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

// socketLink is what a descriptor of a socket links to.
func socketLink(inode uint64) []byte {
	return append(strconv.AppendUint([]byte("socket:["), inode, 10), ']')
}

// cloexec reads FD_CLOEXEC from fdinfo (proc(5)).
func (t Task) cloexec(fd int) (bool, error) {
	const flag = 0o2000000 // O_CLOEXEC, as in open(2)
	var room [256]byte
	b, err := readProcAt(unix.AT_FDCWD, t.proc("fdinfo/"+strconv.Itoa(fd)), room[:0])
	if err != nil {
		return false, err
	}
	for line := range bytes.Lines(b) {
		if value, ok := strings.CutPrefix(string(line), "flags:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 8, 32)
			return n&flag != 0, err
		}
	}
	return false, nil
}
