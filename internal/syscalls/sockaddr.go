package syscalls

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// storage is the size of struct sockaddr_storage, the most the kernel takes.
const storage = 128

// sockaddr copies the address at argument 1, whose length is argument 2.
func (c *call) sockaddr() ([]byte, error) {
	const i, n = 1, 2
	size := c.int(n)
	if size < 0 || size > abi.SockaddrHostLen {
		return nil, fmt.Errorf("take an address of %d bytes: %w", size, linux.EINVAL)
	}
	b, err := c.bytes(c.Arg(i), size)
	if err != nil {
		return nil, fmt.Errorf("read an address of %d bytes at %#x: %w", size, c.Arg(i), err)
	}
	if size > storage && socket.Family(b) != abi.FamilyHostname {
		return nil, fmt.Errorf("take an address of %d bytes and family %d: %w", size, socket.Family(b), linux.EINVAL)
	}
	return b, nil
}

// answerName stores an address for getsockname(2) and its like.
func (c *call) answerName(addr []byte, err error) answer {
	if err != nil {
		return failure(err)
	}
	n, err := c.length(c.Arg(2))
	if err == nil {
		err = c.store(c.Arg(1), c.Arg(2), addr, n)
	}
	return failure(err)
}
