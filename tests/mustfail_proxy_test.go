package tests

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// A fault is what goes wrong between two TLS peers, once, at one record of one direction.
type fault struct {
	fromServer bool
	// record counts from 0. With application set, records that carry neither a handshake nor an alert count alone:
	// content type 23, which in TLS 1.3 is also that of everything encrypted (RFC 8446, section 5.2).
	record      int
	application bool
	action      action
}

type action int

const (
	// cut ends the connection before the record, as an attacker does who truncates the stream.
	cut action = iota
	// cutInside ends it in the middle of the record.
	cutInside
	// reset sends half of the record and then a TCP reset.
	reset
	// corrupt changes one bit of the record's body.
	corrupt
	// repeat sends the record twice.
	repeat
)

// A relayProxy passes TLS records between a client and a server, and does its fault to every connection.
type relayProxy struct {
	addr netip.AddrPort
	// struck is closed when the fault has happened for the first time.
	struck chan struct{}
	once   sync.Once
	fault  fault
	server string
	wg     sync.WaitGroup
}

// startProxy listens on the loopback address in front of a server until the test ends.
func startProxy(t testing.TB, server netip.AddrPort, f fault) *relayProxy {
	t.Helper()
	l := testutil.Listen(t)
	p := &relayProxy{addr: testutil.AddrPort(l), struck: make(chan struct{}), fault: f, server: server.String()}
	p.wg.Go(func() { p.accept(l) })
	t.Cleanup(func() {
		_ = l.Close()
		p.wg.Wait()
	})
	return p
}

func (p *relayProxy) accept(l *net.TCPListener) {
	for {
		client, err := l.AcceptTCP()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

func (p *relayProxy) serve(client *net.TCPConn) {
	defer func() { _ = client.Close() }()
	dialled, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	server, _ := dialled.(*net.TCPConn)
	defer func() { _ = server.Close() }()
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client, false) })
	both.Go(func() { p.pass(client, server, true) })
	both.Wait()
}

// pass copies records from one side to the other. At the fault, or at the end of either, it ends that direction.
func (p *relayProxy) pass(to, from *net.TCPConn, fromServer bool) {
	n := 0
	for {
		record, err := readRecord(from)
		if err != nil {
			_ = to.CloseWrite()
			return
		}
		counts := !p.fault.application || record[0] == 23
		if p.fault.fromServer == fromServer && counts {
			if n == p.fault.record {
				record = p.strike(to, from, record)
			}
			n++
		}
		if record == nil {
			return
		}
		if _, err := to.Write(record); err != nil {
			_ = from.CloseRead()
			return
		}
	}
}

// strike does the fault and returns what is still to be sent, nil when the connection is over.
func (p *relayProxy) strike(to, from *net.TCPConn, record []byte) []byte {
	defer p.once.Do(func() { close(p.struck) })
	half := record[:len(record)/2]
	switch p.fault.action {
	case corrupt:
		record[len(record)-1] ^= 1
		return record
	case repeat:
		return append(record, record...)
	case reset:
		_, _ = to.Write(half)
		_ = to.SetLinger(0)
	case cutInside:
		_, _ = to.Write(half)
	case cut:
	}
	_ = to.Close()
	_ = from.SetLinger(0)
	_ = from.Close()
	return nil
}

// errLength is a record longer than TLS allows: the peers do not speak TLS.
var errLength = errors.New("record too long")

// readRecord reads one TLS record with its header (RFC 8446, section 5.1).
func readRecord(r io.Reader) ([]byte, error) {
	record := make([]byte, 5, 1<<14+256+5)
	if _, err := io.ReadFull(r, record); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint16(record[3:5]))
	if 5+length > cap(record) {
		return nil, errLength
	}
	record = record[:5+length]
	_, err := io.ReadFull(r, record[5:])
	return record, err
}
