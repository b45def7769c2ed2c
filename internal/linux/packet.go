package linux

import (
	"golang.org/x/sys/unix"
)

// SockSeqpacket is SOCK_SEQPACKET: connected, and with message boundaries.
const SockSeqpacket = unix.SOCK_SEQPACKET

// PacketFDsMax bounds the descriptors of one packet that RecvPacket takes. The kernel closes what is more.
const PacketFDsMax = 4

// A Packet is what RecvPacket has received.
type Packet struct {
	// N is the number of bytes, 0 at the end of the other side.
	N int
	// FDs are the descriptors that came with it, close-on-exec. The caller owns them.
	FDs []FD
	// Cut says that bytes did not fit and are lost, Lost that descriptors are: this process has none left.
	Cut, Lost bool
}

// Close closes the descriptors.
func (p Packet) Close() {
	for _, fd := range p.FDs {
		_ = fd.Close()
	}
}

// SendPacket sends one packet with descriptors (SOCK_SEQPACKET and SCM_RIGHTS, unix(7)) without blocking and without
// SIGPIPE. The descriptors stay the caller's.
func SendPacket(sock FD, b []byte, fds []FD) error {
	var rights []byte
	if len(fds) > 0 {
		numbers := make([]int, len(fds))
		for i, fd := range fds {
			numbers[i] = int(fd)
		}
		rights = unix.UnixRights(numbers...)
	}
	for {
		err := unix.Sendmsg(int(sock), b, rights, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if err != EINTR {
			return err
		}
	}
}

// RecvPacket receives one packet into b without blocking.
func RecvPacket(sock FD, b []byte) (Packet, error) {
	var oob [64]byte
	room := oob[:unix.CmsgSpace(PacketFDsMax*4)]
	for {
		n, oobn, flags, _, err := unix.Recvmsg(int(sock), b, room, unix.MSG_DONTWAIT|unix.MSG_CMSG_CLOEXEC)
		if err == EINTR {
			continue
		}
		if err != nil {
			return Packet{}, err
		}
		p := Packet{N: n, Cut: flags&unix.MSG_TRUNC != 0, Lost: flags&unix.MSG_CTRUNC != 0}
		p.FDs = rightsIn(room[:oobn])
		return p, nil
	}
}

// rightsIn takes all descriptors out of control messages, so that none is lost.
func rightsIn(oob []byte) []FD {
	if len(oob) == 0 {
		return nil
	}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil // the kernel wrote it
	}
	var list []FD
	for i := range messages {
		numbers, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, n := range numbers {
			list = append(list, FD(n))
		}
	}
	return list
}
