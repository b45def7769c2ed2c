package resolve_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/resolve"
)

// FuzzHosts: whatever is in the file, an answer has only addresses that stand first on a line which names the
// host, of the family asked for, once each.
func FuzzHosts(f *testing.F) {
	f.Add("127.0.0.1 localhost\n192.0.2.1 a.example a # b\n", 0)
	f.Add("2001:db8::1\ta.example.\r\n::ffff:192.0.2.1 A.EXAMPLE\nfe80::1%x a.example", 2)
	f.Add("192.0.2.1 a.example#a.example\n#192.0.2.2 a.example", 1)
	f.Fuzz(func(t *testing.T, hosts string, family int) {
		fam := []resolve.Family{resolve.Any, resolve.IPv4, resolve.IPv6}[uint(family)%3]
		got, err := world{hosts: hosts, nsswitch: "hosts: files"}.resolver().Lookup(t.Context(), "a.example", fam)
		if (err == nil) != (len(got) > 0) {
			t.Fatalf("%d addresses with error %v", len(got), err)
		}
		seen := map[netip.Addr]bool{}
		for _, a := range got {
			if seen[a] || fam != resolve.Any && a.Is4() != (fam == resolve.IPv4) || !stands(hosts, a) {
				t.Errorf("%v is not an answer to %q", a, hosts)
			}
			seen[a] = true
		}
	})
}

// stands is a plain reading of hosts(5).
func stands(hosts string, a netip.Addr) bool {
	for line := range strings.SplitSeq(hosts, "\n") {
		fields := strings.Fields(strings.SplitN(line, "#", 2)[0])
		if len(fields) == 0 {
			continue
		}
		addr, err := netip.ParseAddr(fields[0])
		if err == nil && addr.Unmap() == a && strings.Contains(strings.ToLower(line), "a.example") {
			return true
		}
	}
	return false
}

// FuzzName: a host that is accepted is an address or can be sent in a query as it is; one that is refused gives
// an error of one printable line.
func FuzzName(f *testing.F) {
	for _, s := range []string{"a.example", "A.B.", "-a", "a..b", "[::1]", "fe80::1%eth0", "127.1", "b\u00fccher", "a\x00b", "https://a/", strings.Repeat("a.", 126) + "b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		var sent []string
		note := func(_ string, q *dns.Msg) [][]byte {
			sent = append(sent, q.Question[0].Name)
			return [][]byte{pack(t, new(dns.Msg).SetRcode(q, dns.RcodeNameError))}
		}
		r := world{nsswitch: "hosts: dns", resolv: "nameserver 10.0.0.1", dial: dialers{"10.0.0.1": pipe(note)}}.resolver()
		_, err := r.Lookup(t.Context(), host, resolve.IPv4)
		if err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("Lookup(%q): error %q is not printable", host, err)
		}
		if errors.Is(err, resolve.ErrName) != (len(sent) == 0) && !isLiteral(host) && !strings.HasSuffix(strings.ToLower(strings.TrimSuffix(host, ".")), "localhost") {
			t.Errorf("Lookup(%q): %v, sent %q", host, err, sent)
		}
		for _, name := range sent {
			if want := strings.ToLower(strings.TrimSuffix(host, ".")) + "."; name != want || len(name) > 254 {
				t.Errorf("Lookup(%q) sent %q", host, name)
			}
		}
	})
}

func isLiteral(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

// FuzzResolvConf: whatever is in the file, only addresses are dialled, at most three of them, on port 53, and at
// most as often as the bounds allow.
func FuzzResolvConf(f *testing.F) {
	f.Add("nameserver 10.0.0.1\nnameserver fe80::1%eth0\nsearch a.example b.example\noptions ndots:2 timeout:1 attempts:3 rotate")
	f.Add("nameserver\nnameserver x\ndomain\noptions ndots:-1 attempts:999999999999999999999 single-request use-vc no-aaaa")
	f.Add("; comment\n# comment\nnameserver 1.1.1.1 # trailing\nsearch . -x b\u00fccher")
	f.Fuzz(func(t *testing.T, resolv string) {
		servers, dials := map[netip.AddrPort]bool{}, 0
		r := resolve.New(resolve.Config{
			Open: world{resolv: resolv}.open,
			Dial: func(_ context.Context, network, addr string) (net.Conn, error) {
				server, err := netip.ParseAddrPort(addr)
				if err != nil || server.Port() != 53 || network != "udp" && network != "tcp" {
					t.Errorf("dial %s %s", network, addr)
				}
				servers[server] = true
				dials++
				return nil, errUnreachable
			},
		})
		_, err := r.Lookup(t.Context(), "a", resolve.IPv4)
		if len(servers) > 3 || dials > 3*5 {
			t.Errorf("%d servers, %d times", len(servers), dials)
		}
		if !errors.Is(err, resolve.ErrTemporary) {
			t.Errorf("Lookup: %v", err)
		}
	})
}

// FuzzNsswitch: files are asked exactly when the last hosts line, or the lack of one, says so.
func FuzzNsswitch(f *testing.F) {
	f.Add("hosts: files mdns4_minimal [NOTFOUND=return] dns")
	f.Add("hosts: dns [!UNAVAIL=return TRYAGAIN=continue] files\nhosts: ] [ =")
	f.Fuzz(func(t *testing.T, nsswitch string) {
		addrs, err := world{hosts: "192.0.2.1 a", nsswitch: nsswitch}.resolver().Lookup(t.Context(), "a", resolve.Any)
		if (err == nil) != (text(addrs) == "192.0.2.1") {
			t.Errorf("%v, %v", addrs, err)
		}
		if err == nil && strings.Contains(nsswitch, "hosts") && strings.Count(nsswitch, "hosts") == strings.Count(nsswitch, "hosts:") && !strings.Contains(nsswitch, "files") && strings.HasPrefix(nsswitch, "hosts:") {
			t.Errorf("files answered though %q does not list it", nsswitch)
		}
	})
}

// FuzzAnswer: whatever a server sends after the question, the lookup ends, with an error or with at most 32
// valid IPv4 addresses that stand in the packet.
func FuzzAnswer(f *testing.F) {
	seed := func(flags uint16, records ...string) {
		m := new(dns.Msg).SetQuestion("a.example.", dns.TypeA)
		head, _ := m.Pack()
		for _, text := range records {
			rr, err := dns.NewRR(text)
			if err != nil {
				f.Fatal(err)
			}
			m.Answer = append(m.Answer, rr)
		}
		packet, _ := m.Pack()
		f.Add(flags, uint16(len(records)), packet[len(head):])
	}
	seed(0x8180, "a.example. A 192.0.2.1")
	seed(0x8180, "a.example. CNAME b.example.", "b.example. A 192.0.2.1", "b.example. AAAA ::1")
	seed(0x8183)
	seed(0x8380)
	f.Add(uint16(0x8180), uint16(1), []byte{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0})
	f.Add(uint16(0x8180), uint16(1), []byte{0xc0, 0x21, 0, 1})
	f.Fuzz(func(t *testing.T, flags, answers uint16, rest []byte) {
		dial := func(_ context.Context, network string) (net.Conn, error) {
			client, end := net.Pipe()
			go func() {
				defer func() { _ = end.Close() }()
				query, err := readPacket(end, network)
				if err != nil || len(query) < 27 {
					return
				}
				packet := append([]byte{query[0], query[1], byte(flags >> 8), byte(flags), 0, 1, byte(answers >> 8), byte(answers), 0, 0, 0, 0}, query[12:27]...)
				writePacket(end, network, append(packet, rest[:min(len(rest), 4000)]...))
			}()
			return client, nil
		}
		r := world{resolv: "nameserver 10.0.0.1", dial: dialers{"10.0.0.1": dial}}.resolver()
		addrs, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
		if (err == nil) != (len(addrs) > 0) || len(addrs) > 32 {
			t.Errorf("%d addresses with error %v", len(addrs), err)
		}
		for _, a := range addrs {
			if raw := a.As4(); !a.Is4() || !strings.Contains(string(rest), string(raw[:])) {
				t.Errorf("%v is not in the packet", a)
			}
		}
	})
}
