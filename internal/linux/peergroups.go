package linux

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// peerGroupsMax bounds the supplementary groups that are read. A process can have 65536 (NGROUPS_MAX).
const peerGroupsMax = 65536

// PeerGroups are the supplementary groups that the peer of an AF_UNIX socket had when it connected (SO_PEERGROUPS,
// Linux 4.13).
func PeerGroups(sock FD) ([]int, error) {
	b := make([]byte, 4*64)
	n, err := Getsockopt(sock, unix.SOL_SOCKET, unix.SO_PEERGROUPS, b)
	if err == unix.ERANGE { // n says how much there is
		b = make([]byte, min(n, 4*peerGroupsMax))
		n, err = Getsockopt(sock, unix.SOL_SOCKET, unix.SO_PEERGROUPS, b)
	}
	if err != nil {
		return nil, err
	}
	var list []int
	for b := b[:n]; len(b) >= 4; b = b[4:] {
		list = append(list, int(binary.NativeEndian.Uint32(b)))
	}
	return list, nil
}
