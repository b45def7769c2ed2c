package resolve_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/resolve"
)

// world is what a program sees: its files, and the servers at addresses of its network.
type world struct {
	hosts, nsswitch, resolv string
	hostname                string
	// dial maps a server's address to a way to reach it. Others are unreachable.
	dial map[string]func(ctx context.Context, network string) (net.Conn, error)
}

var errUnreachable = errors.New("network is unreachable")

func (w world) open(name string) (io.ReadCloser, error) {
	files := fstest.MapFS{}
	for path, text := range map[string]string{"etc/hosts": w.hosts, "etc/nsswitch.conf": w.nsswitch, "etc/resolv.conf": w.resolv} {
		if text != "" {
			files[path] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return files.Open(strings.TrimPrefix(name, "/"))
}

func (w world) resolver() *resolve.Resolver {
	return resolve.New(resolve.Config{Open: w.open, Hostname: w.hostname, Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(addr)
		if err != nil || port != "53" {
			return nil, errors.New("not a server address: " + addr)
		}
		if dial := w.dial[host]; dial != nil {
			return dial(ctx, network)
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: errUnreachable}
	}})
}

// server is a DNS server on loopback, over UDP and TCP, that remembers what it was asked.
type server struct {
	addr string
	mu   sync.Mutex
	log  []string
}

// asked lists "network type name", sorted because A and AAAA come in any order.
func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.log))
}

func (s *server) dial(ctx context.Context, network string) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, network, s.addr)
}

// serve starts a server whose answers come from handler.
func serve(t *testing.T, handler dns.HandlerFunc) *server {
	t.Helper()
	s := &server{}
	logged := dns.HandlerFunc(func(w dns.ResponseWriter, m *dns.Msg) {
		q := m.Question[0]
		s.mu.Lock()
		s.log = append(s.log, w.LocalAddr().Network()+" "+dns.TypeToString[q.Qtype]+" "+q.Name)
		s.mu.Unlock()
		handler(w, m)
	})
	listener, packets := listenBoth(t)
	s.addr = listener.Addr().String()
	run(t, &dns.Server{Listener: listener, Handler: logged})
	run(t, &dns.Server{PacketConn: packets, Handler: logged})
	return s
}

// listenBoth finds a port that is free in UDP and TCP.
func listenBoth(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		p, err := net.ListenPacket("udp", l.Addr().String())
		if err == nil {
			return l, p
		}
		_ = l.Close()
	}
	t.Fatal("no port is free in both UDP and TCP")
	return nil, nil
}

func run(t *testing.T, s *dns.Server) {
	t.Helper()
	started, ended := make(chan struct{}), make(chan error, 1)
	s.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- s.ActivateAndServe() }()
	<-started
	t.Cleanup(func() {
		_ = s.Shutdown()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// zone answers from records in master file form; what is not there does not exist.
func zone(t *testing.T, records ...string) dns.HandlerFunc {
	t.Helper()
	all := map[string][]dns.RR{}
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		all[rr.Header().Name] = append(all[rr.Header().Name], rr)
	}
	return func(w dns.ResponseWriter, m *dns.Msg) { _ = w.WriteMsg(answer(all, m)) }
}

// answer follows aliases as a recursive server does.
func answer(all map[string][]dns.RR, m *dns.Msg) *dns.Msg {
	reply := new(dns.Msg).SetReply(m)
	reply.RecursionAvailable = true
	name := strings.ToLower(m.Question[0].Name)
	if _, ok := all[name]; !ok {
		reply.Rcode = dns.RcodeNameError
		return reply
	}
	for range 40 {
		target := ""
		for _, rr := range all[name] {
			if rr.Header().Rrtype == m.Question[0].Qtype {
				reply.Answer = append(reply.Answer, rr)
			}
			if c, ok := rr.(*dns.CNAME); ok {
				reply.Answer = append(reply.Answer, rr)
				target = c.Target
			}
		}
		name = target
	}
	return reply
}

// rcode answers everything with one response code.
func rcode(code int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetRcode(m, code)
		_ = w.WriteMsg(reply)
	}
}

// pipe is a server at the other end of a net.Pipe, so that a lookup can run inside a synctest bubble. Over "udp"
// each packet is one Write. The server ends when the connection is closed. A nil packet is no answer.
func pipe(handler func(network string, query *dns.Msg) [][]byte) func(context.Context, string) (net.Conn, error) {
	return func(_ context.Context, network string) (net.Conn, error) {
		client, end := net.Pipe()
		go func() {
			defer func() { _ = end.Close() }()
			for {
				packet, err := readPacket(end, network)
				if err != nil {
					return
				}
				query := new(dns.Msg)
				if query.Unpack(packet) != nil {
					return
				}
				for _, p := range handler(network, query) {
					writePacket(end, network, p)
				}
			}
		}()
		return client, nil
	}
}

func readPacket(conn net.Conn, network string) ([]byte, error) {
	buf := make([]byte, 65535)
	n, err := conn.Read(buf)
	if network == "tcp" && n >= 2 {
		return buf[2:n], err
	}
	return buf[:n], err
}

func writePacket(conn net.Conn, network string, packet []byte) {
	if network == "tcp" {
		packet = append(binary.BigEndian.AppendUint16(nil, uint16(len(packet))), packet...)
	}
	_, _ = conn.Write(packet)
}

// mute never answers.
func mute(string, *dns.Msg) [][]byte { return nil }

// zonePipe is zone for pipe.
func zonePipe(t *testing.T, records ...string) func(string, *dns.Msg) [][]byte {
	t.Helper()
	all := map[string][]dns.RR{}
	for _, text := range records {
		rr, err := dns.NewRR(text)
		if err != nil {
			t.Fatal(err)
		}
		all[rr.Header().Name] = append(all[rr.Header().Name], rr)
	}
	return func(_ string, query *dns.Msg) [][]byte { return [][]byte{pack(t, answer(maps.Clone(all), query))} }
}

func pack(t *testing.T, m *dns.Msg) []byte {
	t.Helper()
	packet, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return packet
}

func text(addrs []netip.Addr) string {
	var all []string
	for _, a := range addrs {
		all = append(all, a.String())
	}
	return strings.Join(all, " ")
}

// check compares a result with the addresses wanted, or with the class and text of the error wanted.
func check(t *testing.T, addrs []netip.Addr, err error, want outcome) {
	t.Helper()
	if want.err == "" {
		if err != nil {
			t.Fatalf("Lookup: %v, want %s", err, want.addrs)
		}
		if got := text(addrs); got != want.addrs {
			t.Errorf("addresses (-want +got):\n-%s\n+%s", want.addrs, got)
		}
		return
	}
	if !errors.Is(err, want.class) {
		t.Errorf("Lookup: %v (%s), want class %v", err, text(addrs), want.class)
	}
	if err != nil && err.Error() != want.err {
		t.Errorf("text (-want +got):\n-%s\n+%s", want.err, err)
	}
}

// outcome is what a lookup is to give.
type outcome struct {
	addrs string
	class error
	err   string
}
