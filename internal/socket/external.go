package socket

import (
	"fmt"
	"slices"

	"github.com/securesocketapi/ssa/internal/linux"
)

// recorded is an option the program has set on its TCP socket, kept for the sockets that replace it: a connect
// to a name may try several, and one that failed in the handshake is used up.
type recorded struct {
	level, name int
	value       []byte
}

// recordedBound bounds what is kept for one socket.
const recordedBound = 128

// record keeps the newest value of an option. It leaves list as it is: an attempt may be reading it.
func record(list []recorded, r recorded) []recorded {
	for i, old := range list {
		if old.level == r.level && old.name == r.name {
			list = slices.Clone(list)
			list[i] = r
			return list
		}
	}
	if len(list) >= recordedBound {
		return list
	}
	return append(list, r)
}

// newTCP makes a TCP socket with a task's rights in its network namespace, with options set. It is TCP,
// never Multipath TCP, and non-blocking: the program has no descriptor
// of it. Go's poller gets it only once there is something to wait for.
//
// TCP_NODELAY is always set. The relay gathers what the program writes, so that Nagle's algorithm would save no
// segment; and it would hold back the first answer of a server behind its session tickets, until the client's
// delayed acknowledgement 40 ms later.
func newTCP(id *linux.Identity, domain int, options []recorded) (linux.FD, error) {
	tcp := linux.NoFD
	err := id.As(func() error {
		fd, err := linux.Socket(domain, linux.SockStream|linux.SockNonblock, linux.ProtoTCP)
		if err != nil {
			return err
		}
		err = linux.SetsockoptInt(fd, linux.SolTCP, linux.TCPNodelay, 1)
		if err == nil {
			err = replay(fd, options)
		}
		if err != nil {
			fd.Close()
			return err
		}
		tcp = fd
		return nil
	})
	return tcp, err
}

func replay(fd linux.FD, options []recorded) error {
	for _, o := range options {
		if o.level == linux.SolTCP && o.name == linux.TCPNodelay {
			continue
		}
		if err := linux.Setsockopt(fd, o.level, o.name, o.value); err != nil {
			return fmt.Errorf("set option %d at level %d again on a new TCP socket: %w", o.name, o.level, err)
		}
	}
	return nil
}
