// Package rpc carries calls between the processes of one daemon over a pair of AF_UNIX sockets of type SOCK_SEQPACKET.
// A packet is one JSON object, descriptors come with it. Neither side trusts the other to be well behaved: what is too
// large, or no object, ends the link.
package rpc

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// packetMax bounds a packet in bytes.
const packetMax = 64 << 10

// ErrGone is what calls meet when the other process has ended.
var ErrGone = errors.New("the other process of the daemon has ended")

// packet is one message: a call when it has a method, else a result.
type packet struct {
	ID     uint64          `json:"id"`
	Method string          `json:"method,omitempty"`
	Body   json.RawMessage `json:"body,omitempty"`
	Failed *failure        `json:"failed,omitempty"`
}

// failure is an error as it travels: its class when it has one, its error number, its text.
type failure struct {
	Kind  *abi.Kind `json:"kind,omitempty"`
	Errno int       `json:"errno,omitempty"`
	Text  string    `json:"text"`
}

// textMax bounds the text of an error in bytes.
const textMax = 4096

func failureOf(err error) *failure {
	f := &failure{Text: strings.ToValidUTF8(err.Error(), "?")}
	if len(f.Text) > textMax {
		f.Text = strings.ToValidUTF8(f.Text[:textMax], "")
	}
	if e, ok := linux.ErrnoOf(err); ok {
		f.Errno = int(e)
	}
	if a := (*abi.Failure)(nil); errors.As(err, &a) {
		f.Kind = &a.Kind
	}
	return f
}

func (f *failure) error() error {
	err := error(remoteError{f.Text, linux.Errno(f.Errno)})
	if f.Kind == nil {
		return err
	}
	return &abi.Failure{Kind: *f.Kind, Err: err}
}

// remoteError is an error of the other process, in its words.
type remoteError struct {
	text  string
	errno linux.Errno
}

func (e remoteError) Error() string { return e.text }

// Unwrap gives the error number, if there was one.
func (e remoteError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}

func (p packet) encode() ([]byte, error) {
	b, err := json.Marshal(p)
	if err == nil && len(b) > packetMax {
		err = fmt.Errorf("a message of %d bytes, at most %d", len(b), packetMax)
	}
	return b, err
}

func parse(b []byte) (p packet, err error) {
	err = json.Unmarshal(b, &p)
	return p, err
}
