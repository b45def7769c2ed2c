package syscalls

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// isTLS says whether the option is one of ours, which may need a file or the service.
func isTLS(c *call) bool { return c.int(1) == abi.ProtoTLS }

// setWaits says whether setsockopt(2) may wait: for a file, or for the service.
func setWaits(c *call) bool { return isTLS(c) && !c.prompt() || isUpgrade(c) }

// prompt says whether an option can be set without waiting. What cannot be set at all needs no wait either.
func (c *call) prompt() bool {
	if c.int(4) > socket.PromptBytes {
		return false
	}
	option, value, err := c.tlsOption()
	return err != nil || c.handle.Prompt(option, value)
}

// setsockopt carries out setsockopt(2).
func (s *Server) setsockopt(c *call) answer {
	if isTLS(c) {
		return failure(c.note(s.setTLS(c)))
	}
	if isUpgrade(c) {
		return s.rejoin(c)
	}
	size := c.int(4)
	if size < 0 {
		return failure(linux.EINVAL)
	}
	value, err := c.bytes(c.Arg(3), min(size, socket.OptionMax))
	if err == nil {
		err = c.handle.SetOption(c.int(1), c.int(2), value)
	}
	return failure(err)
}

func (s *Server) setTLS(c *call) error {
	option, value, err := c.tlsOption()
	if err != nil {
		return err
	}
	return c.handle.SetTLS(s.ctx, option, value)
}

// tlsOption is the option that is to be set. Its value is copied once.
func (c *call) tlsOption() (option abi.Option, value []byte, err error) {
	size, option := c.int(4), abi.Option(c.int(2))
	if c.value != nil {
		return option, c.value, nil
	}
	if size < 0 {
		return option, nil, fmt.Errorf("set %s: a length of %d: %w", option, size, linux.EINVAL)
	}
	if size > abi.ValueMax {
		return option, nil, fmt.Errorf("set %s: a value of %d bytes, at most %d: %w", option, size, abi.ValueMax, linux.EINVAL)
	}
	if c.value, err = c.bytes(c.Arg(3), size); err != nil {
		return option, nil, fmt.Errorf("set %s: read %d bytes at %#x: %w", option, size, c.Arg(3), err)
	}
	return option, c.value, nil
}
