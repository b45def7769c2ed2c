package syscalls

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// getWaits says whether getsockopt(2) may wait for the service.
func getWaits(c *call) bool { return isTLS(c) && !c.handle.Known(abi.Option(c.int(2))) }

// getsockopt carries out getsockopt(2).
func (s *Server) getsockopt(c *call) answer {
	room, err := c.length(c.Arg(4))
	if err != nil {
		return failure(err)
	}
	if isTLS(c) {
		return failure(s.getTLS(c, room))
	}
	b := make([]byte, min(room, socket.OptionMax))
	n, err := s.getOption(c, b)
	if err == nil {
		err = c.store(c.Arg(3), c.Arg(4), b[:n], n)
	}
	return failure(err)
}

func (s *Server) getOption(c *call, b []byte) (int, error) {
	level, name := c.int(1), c.int(2)
	if level != linux.SolSocket || name != linux.SoError {
		return c.handle.GetOption(level, name, b)
	}
	e := linux.Errno(0)
	if err := c.handle.TakeError(); err != nil {
		e = Errno(err)
	}
	// The kernel keeps an error of its own for the program's end, which is to be cleared as well.
	if own, err := linux.GetsockoptInt(c.handle.Local, level, name); err == nil && e == 0 {
		e = linux.Errno(own)
	}
	return copy(b, binary.NativeEndian.AppendUint32(nil, uint32(e))), nil
}

// getTLS stores the whole value or, when the buffer is too short, only the length it needs. The text of TLS_ERROR is cut:
// Perl and Ruby read options into 256 bytes, and half a reason is better than none.
func (s *Server) getTLS(c *call, room int) error {
	option := abi.Option(c.int(2))
	value, err := c.handle.GetTLS(s.ctx, option)
	if err != nil {
		return c.note(err)
	}
	if option == abi.TLSError {
		value = shortened(value, room)
	}
	if room >= len(value) {
		return c.store(c.Arg(3), c.Arg(4), value, len(value))
	}
	if err := c.store(0, c.Arg(4), value, 0); err != nil {
		return err
	}
	return fmt.Errorf("get %s into %d bytes, it needs %d: %w", option, room, len(value), linux.ERANGE)
}

// shortened is a text with its NUL, cut between characters to what there is room for.
func shortened(text []byte, room int) []byte {
	if room == 0 || room >= len(text) {
		return text
	}
	return append(bytes.ToValidUTF8(text[:room-1:room-1], nil), 0)
}
