package launch

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

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
	// ready, front to supervisor: signals are caught now, and the program may run.
	ready
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

// await is receive in Go's poller: a thread that waits in the kernel keeps one of Go's processors for a while, which are
// needed for the first calls of the program.
func await(from *os.File) (m message, fd linux.FD, err error) {
	waited := linux.WaitRead(from, func(sock linux.FD) bool {
		m, fd, err = receive(sock)
		return !errors.Is(err, linux.EAGAIN)
	})
	if waited != nil {
		return message{}, linux.NoFD, waited
	}
	return m, fd, err
}
