package linux

import "golang.org/x/sys/unix"

// Events of poll(2).
const (
	PollIn    = unix.POLLIN
	PollPri   = unix.POLLPRI
	PollOut   = unix.POLLOUT
	PollErr   = unix.POLLERR
	PollHup   = unix.POLLHUP
	PollRdHup = unix.POLLRDHUP
)

// Poll waits up to timeout milliseconds, -1 without end, for events on one descriptor and returns those that
// hold. It begins again when a signal interrupts it.
func Poll(fd FD, events int16, timeout int) (int16, error) {
	p := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		_, err := unix.Poll(p, timeout)
		if err == EINTR {
			continue
		}
		return p[0].Revents, err
	}
}

// HungUp says whether nothing can come from a socket's peer or go to it any more, for good: POLLHUP (poll(2)).
func HungUp(fd FD) bool {
	events, err := Poll(fd, 0, 0)
	return err == nil && events&PollHup != 0
}
