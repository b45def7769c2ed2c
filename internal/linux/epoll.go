package linux

import (
	"bytes"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// EpollCreate makes an epoll instance (epoll_create1(2)).
func EpollCreate() (FD, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	return FD(fd), err
}

// Events of epoll_ctl(2) that poll(2) does not have.
const (
	EpollET      = unix.EPOLLET & 0xffffffff
	EpollOneshot = unix.EPOLLONESHOT
)

// EpollAdd registers a descriptor (EPOLL_CTL_ADD). The registration goes when the last descriptor of the same open file
// in any process goes, and not when fd does.
func EpollAdd(epoll, fd FD, events uint32, data uint64) error {
	e := epollEvent(events, data)
	return unix.EpollCtl(int(epoll), unix.EPOLL_CTL_ADD, int(fd), &e)
}

func epollEvent(events uint32, data uint64) unix.EpollEvent {
	return unix.EpollEvent{Events: events, Fd: int32(uint32(data)), Pad: int32(uint32(data >> 32))}
}

// EpollRemembered lists the data of what is registered with an epoll instance of this process.
func EpollRemembered(epoll FD) (data []uint64, err error) {
	err = Task(os.Getpid()).registrations(int(epoll), 0, func(r Registration) { data = append(data, r.Data) })
	return data, err
}

// A Registration is one with an epoll instance, as /proc/PID/fdinfo shows it (proc(5)). The kernel knows it by the open
// file and the number the file had; the number may be closed since.
type Registration struct {
	// Epoll is the instance's descriptor.
	Epoll  int
	Number int
	// Events are those of struct epoll_event.
	Events uint32
	Data   uint64
	// Inode is that of the file.
	Inode uint64
}

// registrations gives those with an epoll descriptor of the task to fn, of a file or of all where inode is 0. There may
// be very many.
func (t Task) registrations(epoll int, inode uint64, fn func(Registration)) error {
	ino := append(strconv.AppendUint([]byte(" ino:"), inode, 16), ' ')
	return scanProc(t.proc("fdinfo/"+strconv.Itoa(epoll)), func(line []byte) {
		if inode != 0 && !bytes.Contains(line, ino) {
			return
		}
		if r, ok := ParseRegistration(line); ok && (inode == 0 || r.Inode == inode) {
			r.Epoll = epoll
			fn(r)
		}
	})
}

// ParseRegistration takes a line of an epoll descriptor's fdinfo apart: "tfd: N events: X data: X pos:N ino:X sdev:X",
// all but the number and the position hexadecimal. Other lines are none.
func ParseRegistration(line []byte) (r Registration, ok bool) {
	fields := bytes.Fields(bytes.ReplaceAll(line, []byte(":"), []byte(": ")))
	const tfd, events, data, ino, all = 1, 3, 5, 9, 12
	if len(fields) != all || string(fields[0]) != "tfd:" || string(fields[8]) != "ino:" {
		return r, false
	}
	var number, bits uint64
	for _, f := range []struct {
		at, base, size int
		to             *uint64
	}{{tfd, 10, 31, &number}, {events, 16, 32, &bits}, {data, 16, 64, &r.Data}, {ino, 16, 64, &r.Inode}} {
		n, err := strconv.ParseUint(string(fields[f.at]), f.base, f.size)
		if err != nil {
			return Registration{}, false
		}
		*f.to = n
	}
	r.Number, r.Events = int(number), uint32(bits)
	return r, true
}
