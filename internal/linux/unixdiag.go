package linux

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// UnixDiag asks the kernel about AF_UNIX sockets of this network namespace (sock_diag(7)).
type UnixDiag struct {
	fd FD
	// room is where answers go. Its size is that of the parts in which the kernel lists sockets, after the first answer
	// (netlink_recvmsg), up to what it allows.
	room []byte
}

// The layout of the question and the answers (linux/netlink.h, linux/unix_diag.h).
const (
	sockDiagByFamily = 20
	diagRequestLen   = unix.SizeofNlMsghdr + 24
	diagAllStates    = ^uint32(0)
	diagRoom         = 32 << 10
	// diagInode is where a socket's inode stands in an answer.
	diagInode = unix.SizeofNlMsghdr + 4
)

// NewUnixDiag opens the way to ask.
func NewUnixDiag() (UnixDiag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return UnixDiag{fd: NoFD}, fmt.Errorf("socket(NETLINK_SOCK_DIAG): %w", err)
	}
	return UnixDiag{FD(fd), make([]byte, diagRoom)}, nil
}

// Close ends asking.
func (d UnixDiag) Close() { d.fd.Close() }

// ask asks for the socket with an inode and a SO_COOKIE, or with NLM_F_DUMP for all.
func (d UnixDiag) ask(flags uint16, inode uint32, cookie uint64) error {
	b := make([]byte, diagRequestLen)
	ne := binary.NativeEndian
	ne.PutUint32(b, diagRequestLen)
	ne.PutUint16(b[4:], sockDiagByFamily)
	ne.PutUint16(b[6:], unix.NLM_F_REQUEST|flags)
	b[16] = unix.AF_UNIX
	ne.PutUint32(b[20:], diagAllStates)
	ne.PutUint32(b[24:], inode)
	ne.PutUint64(b[32:], cookie)
	return unix.Sendto(int(d.fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// receive gives the messages of one part of an answer.
func (d UnixDiag) receive() ([]byte, error) {
	n, _, err := unix.Recvfrom(int(d.fd), d.room, 0)
	if err == nil && n < unix.SizeofNlMsghdr+4 {
		err = errors.New("the answer is too short")
	}
	if err != nil {
		return nil, fmt.Errorf("receive what is known of a socket: %w", err)
	}
	return d.room[:n], nil
}

// Exists says whether there is a socket with this inode and this SO_COOKIE. A kernel without the means says that
// there is none, of any socket.
func (d UnixDiag) Exists(inode uint32, cookie uint64) (bool, error) {
	if err := d.ask(0, inode, cookie); err != nil {
		return false, fmt.Errorf("ask for a socket by its inode: %w", err)
	}
	b, err := d.receive()
	if err != nil || messageType(b) != unix.NLMSG_ERROR {
		return err == nil, err
	}
	if err := messageError(b); err != ENOENT && err != unix.ESTALE {
		return false, fmt.Errorf("ask for a socket by its inode: %w", err)
	}
	return false, nil
}

// List tells of all sockets by their inodes. It is whole when the list came in one part: a socket that is there all the
// while is then in it. Between two parts others may go and have it passed over (unix_diag_dump).
func (d UnixDiag) List(tell func(inode uint64)) (whole bool, err error) {
	if err := d.ask(unix.NLM_F_DUMP, 0, 0); err != nil {
		return false, fmt.Errorf("ask for all sockets: %w", err)
	}
	for parts := 0; ; {
		b, err := d.receive()
		if err != nil {
			return false, err
		}
		some := false
		for len(b) >= unix.SizeofNlMsghdr {
			switch messageType(b) {
			case unix.NLMSG_DONE:
				return parts <= 1, nil
			case unix.NLMSG_ERROR:
				return false, fmt.Errorf("list all sockets: %w", messageError(b))
			}
			if len(b) >= diagInode+4 {
				some = true
				tell(uint64(binary.NativeEndian.Uint32(b[diagInode:])))
			}
			b = nextMessage(b)
		}
		if some {
			parts++
		}
	}
}

func messageType(b []byte) uint16 { return binary.NativeEndian.Uint16(b[4:]) }

func messageError(b []byte) Errno {
	if len(b) < unix.SizeofNlMsghdr+4 {
		return EIO
	}
	return Errno(-int32(binary.NativeEndian.Uint32(b[unix.SizeofNlMsghdr:])))
}

// nextMessage is what stands behind the first message (NLMSG_ALIGN).
func nextMessage(b []byte) []byte {
	n := int(binary.NativeEndian.Uint32(b)+3) &^ 3
	if n < unix.SizeofNlMsghdr || n > len(b) {
		return nil
	}
	return b[n:]
}
