package linux

// Disconnect dissolves a TCP connection: an RST goes to the peer, also while other descriptors refer to the
// socket (connect(2) with AF_UNSPEC).
func Disconnect(fd FD) error {
	var unspec [SockaddrInet4]byte
	return Connect(fd, unspec[:])
}
