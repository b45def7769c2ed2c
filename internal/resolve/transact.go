package resolve

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// Sizes of messages, in bytes.
const (
	// ednsSize is the datagram that passes everywhere unfragmented (dnsflagday.net/2020).
	ednsSize = 1232
	// datagramMax has room for servers that send more than they were allowed.
	datagramMax = 4096
)

// straysMax bounds the messages that do not belong to a query before it is given up.
const straysMax = 64

// errMalformed is an answer to the question that cannot be read.
var errMalformed = errors.New("a malformed answer")

// transact asks one server and gives its answer whole: over TCP when it does not fit into a datagram
// (RFC 7766), without EDNS0 when the server does not know it (RFC 6891, section 7).
func (a *asker) transact(ctx context.Context, server string, q dns.Question) (*dns.Msg, error) {
	query := &dns.Msg{MsgHdr: dns.MsgHdr{RecursionDesired: true}, Question: []dns.Question{q}}
	query.SetEdns0(ednsSize, false)
	network := "udp"
	if a.conf.tcp {
		network = "tcp"
	}
	m, err := a.exchange(ctx, network, server, query)
	if err == nil && m.Rcode == dns.RcodeFormatError {
		query.Extra = nil
		m, err = a.exchange(ctx, network, server, query)
	}
	if err == nil && m.Truncated && network == "udp" {
		m, err = a.exchange(ctx, "tcp", server, query)
	}
	if err == nil && m.Truncated {
		return nil, errMalformed
	}
	return m, err
}

// exchange sends the query on a socket of its own, so from a port of its own, and waits for the answer at most
// as long as resolv.conf says.
func (a *asker) exchange(ctx context.Context, network, server string, query *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, a.conf.timeout)
	defer cancel()
	conn, err := a.dial(ctx, network, net.JoinHostPort(server, "53"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	query.Id = dns.Id()
	m, err := Converse(conn, network == "tcp", query)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return m, err
}

// Converse sends a query on a connection to a server and reads until a message belongs to it, or the deadline of the
// connection has passed. A stream frames messages as TCP does (RFC 1035, section 4.2.2). The query needs an unpredictable
// identifier, and a datagram socket a port of its own and no other peer (RFC 5452, section 9). An answer may be truncated.
func Converse(conn net.Conn, stream bool, query *dns.Msg) (*dns.Msg, error) {
	packet, err := query.Pack()
	if err != nil {
		return nil, err
	}
	if stream {
		packet = append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	}
	if _, err := conn.Write(packet); err != nil {
		return nil, err
	}
	for range straysMax {
		packet, err := receive(conn, stream)
		if err != nil {
			return nil, err
		}
		m, err := match(packet, query)
		if m != nil || err != nil {
			return m, err
		}
	}
	return nil, fmt.Errorf("it sent %d messages that answer something else", straysMax)
}

// receive reads one message: a datagram, or one with its length before it (RFC 1035, section 4.2.2).
func receive(conn net.Conn, stream bool) ([]byte, error) {
	if !stream {
		packet := make([]byte, datagramMax)
		n, err := conn.Read(packet)
		return packet[:n], err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, err
	}
	packet := make([]byte, binary.BigEndian.Uint16(size[:]))
	_, err := io.ReadFull(conn, packet)
	return packet, err
}

// match reads a packet as the answer to query. Neither a message nor an error means that the packet belongs to
// something else, and may come from somebody who guesses (RFC 5452, section 9.1). A truncated message may end
// in the middle of a record.
func match(packet []byte, query *dns.Msg) (*dns.Msg, error) {
	m := new(dns.Msg)
	err := m.Unpack(packet)
	if m.Id != query.Id || !m.Response || m.Opcode != dns.OpcodeQuery || !sameQuestion(m, query) {
		return nil, nil
	}
	if len(packet) == datagramMax {
		m.Truncated = true
	}
	if err != nil && !m.Truncated {
		return nil, errMalformed
	}
	return m, nil
}

// sameQuestion lets through an error without a question as well: some servers send only the header then.
func sameQuestion(m, query *dns.Msg) bool {
	if len(m.Question) == 0 {
		return m.Rcode != dns.RcodeSuccess && m.Rcode != dns.RcodeNameError
	}
	got, want := m.Question[0], query.Question[0]
	return len(m.Question) == 1 && got.Qtype == want.Qtype && got.Qclass == want.Qclass && strings.EqualFold(got.Name, want.Name)
}
