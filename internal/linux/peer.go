package linux

import "golang.org/x/sys/unix"

// A PeerCred is SO_PEERCRED: who connected an AF_UNIX socket, in this process's namespaces, as it was then.
type PeerCred struct{ PID, UID, GID int }

// PeerCredentials reads SO_PEERCRED (unix(7)).
func PeerCredentials(sock FD) (PeerCred, error) {
	c, err := unix.GetsockoptUcred(int(sock), unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return PeerCred{}, err
	}
	return PeerCred{PID: int(c.Pid), UID: int(c.Uid), GID: int(c.Gid)}, nil
}

// PeerPidfd is a pidfd of the process that connected an AF_UNIX socket (SO_PEERPIDFD, Linux 6.5; ENOPROTOOPT before).
func PeerPidfd(sock FD) (FD, error) {
	n, err := unix.GetsockoptInt(int(sock), unix.SOL_SOCKET, unix.SO_PEERPIDFD)
	if err != nil {
		return NoFD, err
	}
	return FD(n), nil
}
