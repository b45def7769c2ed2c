package engine

import "bytes"

// Messages after the handshake (RFC 8446, section 4.6).
const (
	postTicket     = 4
	postKeyUpdate  = 24
	postHeader     = 4
	postMax        = 64 << 10
	updateAnswered = 0
	updateAsked    = 1
)

// posts puts together the messages a peer sends after the handshake, and bounds them.
type posts struct {
	// part is a message that is not complete.
	part []byte
	// idle counts what has come since the last data.
	idle int
}

// said is what is to be done about messages: new keys to read with, and to write with.
type said struct{ update, answer bool }

// read takes the content of one record. client says who we are.
func (p *posts) read(plain []byte, client bool) (s said, err error) {
	if len(plain) == 0 {
		return s, alertUnexpected // RFC 8446, section 5.1
	}
	b := append(p.part, plain...)
	for len(b) >= postHeader && err == nil {
		n := postHeader + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
		if n > postMax {
			return s, alertDecode
		}
		if len(b) < n {
			break
		}
		s, err = message(b[:n], client)
		if s.update && len(b) > n {
			return s, alertUnexpected // it ends its record (RFC 8446, section 5.1)
		}
		b = b[n:]
		if err == nil {
			err = p.empty()
		}
	}
	p.part = bytes.Clone(b)
	return s, err
}

// message is one message.
func message(b []byte, client bool) (said, error) {
	switch {
	case b[0] == postTicket && client:
		return said{}, nil
	case b[0] != postKeyUpdate:
		return said{}, alertUnexpected
	case len(b) != postHeader+1:
		return said{}, alertDecode
	case b[postHeader] > updateAsked:
		return said{}, alertParameter
	}
	return said{update: true, answer: b[postHeader] == updateAsked}, nil
}

// empty counts what brings no data.
func (p *posts) empty() error {
	if p.idle++; p.idle > emptyMax {
		return alertUnexpected
	}
	return nil
}
