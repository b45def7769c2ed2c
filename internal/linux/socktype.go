package linux

import "golang.org/x/sys/unix"

// A SocketKind is what a socket was made as.
type SocketKind struct {
	Domain, Type, Proto int
	// Listening is whether listen(2) was called.
	Listening bool
}

// KindOf reads SO_DOMAIN, SO_TYPE, SO_PROTOCOL and SO_ACCEPTCONN (socket(7)); ENOTSOCK when it is none.
func KindOf(fd FD) (k SocketKind, err error) {
	listening := 0
	for _, o := range []struct {
		name int
		to   *int
	}{{unix.SO_DOMAIN, &k.Domain}, {unix.SO_TYPE, &k.Type}, {unix.SO_PROTOCOL, &k.Proto}, {unix.SO_ACCEPTCONN, &listening}} {
		if *o.to, err = GetsockoptInt(fd, unix.SOL_SOCKET, o.name); err != nil {
			return SocketKind{}, err
		}
	}
	k.Listening = listening != 0
	return k, nil
}
