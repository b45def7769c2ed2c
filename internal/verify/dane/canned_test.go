package dane_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"

	"github.com/miekg/dns"
)

// cannedConn answers the question for TLSA records by TCP with the same bytes, but for the identifier, and the one for
// addresses with none.
type cannedConn struct {
	net.Conn
	answer  []byte
	pending bytes.Buffer
}

func canned(answer []byte) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) { return &cannedConn{answer: answer}, nil }
}

func (c *cannedConn) Write(query []byte) (int, error) {
	m := new(dns.Msg)
	if err := m.Unpack(query[2:]); err != nil {
		return 0, err
	}
	answer := bytes.Clone(c.answer)
	if m.Question[0].Qtype == dns.TypeA {
		reply := new(dns.Msg).SetReply(m)
		reply.AuthenticatedData = true
		var err error
		if answer, err = reply.Pack(); err != nil {
			return 0, err
		}
	}
	if len(answer) >= 2 {
		copy(answer, query[2:4])
	}
	c.pending.Write(binary.BigEndian.AppendUint16(nil, uint16(len(answer))))
	c.pending.Write(answer)
	return len(query), nil
}

func (c *cannedConn) Read(b []byte) (int, error) {
	if c.pending.Len() == 0 {
		return 0, io.EOF
	}
	return c.pending.Read(b)
}

func (c *cannedConn) Close() error { return nil }
