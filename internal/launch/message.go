package launch

import (
	"encoding/binary"
	"fmt"

	"github.com/securesocketapi/ssa/internal/linux"
)

// kind is what a message between the three processes says.
type kind byte

const (
	// signalled, front to supervisor: the front has got a signal.
	signalled kind = iota + 1
	// started, supervisor to front: the program has this process number.
	started
	// stopped, supervisor to front: a signal has stopped the program.
	stopped
	// ended, supervisor to front: the program has ended, with a wait status.
	ended
	// listener, program to supervisor, with the descriptor.
	listener
	// serving, supervisor to program: calls are answered now.
	serving
	// drained, supervisor to front: nothing is left to do.
	drained
)

// message is five bytes: kind and value.
type message struct {
	kind  kind
	value int32
}

func send(to linux.FD, m message, fd linux.FD) error {
	b := append([]byte{byte(m.kind)}, binary.NativeEndian.AppendUint32(nil, uint32(m.value))...)
	return linux.SendFD(to, b, fd)
}

// errGone is the end of the other process.
var errGone = fmt.Errorf("the other process has ended")

func receive(from linux.FD) (message, linux.FD, error) {
	var b [5]byte
	n, fd, err := linux.RecvFD(from, b[:])
	if err != nil {
		return message{}, linux.NoFD, err
	}
	if n != len(b) {
		fd.Close()
		return message{}, linux.NoFD, errGone
	}
	return message{kind(b[0]), int32(binary.NativeEndian.Uint32(b[1:]))}, fd, nil
}
