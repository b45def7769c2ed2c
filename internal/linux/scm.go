package linux

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// SeqpacketPair makes two connected AF_UNIX sockets that keep message boundaries, close-on-exec.
func SeqpacketPair() (FD, FD, error) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	return FD(p[0]), FD(p[1]), err
}

// SendFD sends a message with a descriptor (SCM_RIGHTS, unix(7)); NoFD sends none.
func SendFD(sock FD, b []byte, fd FD) error {
	var rights []byte
	if fd != NoFD {
		rights = unix.UnixRights(int(fd))
	}
	for {
		err := unix.Sendmsg(int(sock), b, rights, nil, unix.MSG_NOSIGNAL)
		if err != EINTR {
			return err
		}
	}
}

// RecvFD receives a message and its descriptor, close-on-exec; NoFD when there was none. A length of 0 is the
// end of the other side.
func RecvFD(sock FD, b []byte) (int, FD, error) {
	oob := make([]byte, unix.CmsgSpace(4))
	for {
		n, oobn, _, _, err := unix.Recvmsg(int(sock), b, oob, unix.MSG_CMSG_CLOEXEC)
		if err == EINTR {
			continue
		}
		if err != nil || oobn == 0 {
			return n, NoFD, err
		}
		fd, err := onlyFD(oob[:oobn])
		return n, fd, err
	}
}

func onlyFD(oob []byte) (FD, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) != 1 {
		return NoFD, fmt.Errorf("%d control messages, want 1", len(messages))
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return NoFD, fmt.Errorf("%d descriptors, want 1", len(fds))
	}
	return FD(fds[0]), nil
}
