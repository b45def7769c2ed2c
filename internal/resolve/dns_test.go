package resolve_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/resolve"
)

func TestSearchList(t *testing.T) {
	records := []string{
		"host.example. A 192.0.2.1", "db.corp.example. A 192.0.2.2", "db.eu.corp.example. A 192.0.2.3",
		"single. A 192.0.2.4", "single.corp.example. A 192.0.2.5", "a.b. A 192.0.2.6", "a.b.corp.example. A 192.0.2.7",
		"text.corp.example. TXT x", "text.eu.corp.example. A 192.0.2.8",
	}
	tests := []struct {
		name, resolv, hostname, host string
		want                         outcome
		asked                        string
	}{
		{"ok name with a dot goes first", "search corp.example", "", "host.example", outcome{addrs: "192.0.2.1"}, "host.example."},
		{"ok name without a dot goes last", "search corp.example", "", "single", outcome{addrs: "192.0.2.5"}, "single.corp.example."},
		{"ok absolute", "search corp.example", "", "single.", outcome{addrs: "192.0.2.4"}, "single."},
		{"ok second domain", "search eu.example eu.corp.example", "", "db", outcome{addrs: "192.0.2.3"}, "db.eu.example. db.eu.corp.example."},
		{"ok last search line counts", "search eu.corp.example\nsearch corp.example", "", "db", outcome{addrs: "192.0.2.2"}, "db.corp.example."},
		{"ok domain line", "domain corp.example", "", "db", outcome{addrs: "192.0.2.2"}, "db.corp.example."},
		{"ok domain of the host name", "", "box.corp.example", "db", outcome{addrs: "192.0.2.2"}, "db.corp.example."},
		{"ok search dot turns it off", "search .", "box.corp.example", "single", outcome{addrs: "192.0.2.4"}, "single."},
		{"ok ndots 2", "search corp.example\noptions ndots:2", "", "a.b", outcome{addrs: "192.0.2.7"}, "a.b.corp.example."},
		{"ok ndots 1", "search corp.example\noptions ndots:1", "", "a.b", outcome{addrs: "192.0.2.6"}, "a.b."},
		{"ok ndots 0", "search corp.example\noptions ndots:0", "", "single", outcome{addrs: "192.0.2.4"}, "single."},
		{"ok falls back to the search list", "search corp.example", "", "db.eu", outcome{addrs: "192.0.2.3"}, "db.eu. db.eu.corp.example."},
		{"ok goes on after a name without address", "search corp.example eu.corp.example", "", "text", outcome{addrs: "192.0.2.8"}, "text.corp.example. text.eu.corp.example."},
		{"ok domain that makes the name too long", "search " + strings.Repeat("a.", 125) + "b corp.example", "", "db", outcome{addrs: "192.0.2.2"}, "db.corp.example."},
		{"ok domain that is no name", "search b\u00fccher corp.example", "", "db", outcome{addrs: "192.0.2.2"}, "db.corp.example."},
		{"bad nowhere", "search corp.example eu.example", "", "nosuch", outcome{class: resolve.ErrNotFound, err: "look up nosuch: no such name (asked 10.0.0.1 for nosuch.corp.example, nosuch.eu.example and nosuch)"}, "nosuch.corp.example. nosuch.eu.example. nosuch."},
		{"bad absolute", "search corp.example", "", "DB.", outcome{class: resolve.ErrNotFound, err: "look up DB.: no such name (asked 10.0.0.1)"}, "db."},
		{"bad no address anywhere", "search corp.example", "", "text", outcome{class: resolve.ErrNotFound, err: "look up text: the name has no IPv4 or IPv6 address (asked 10.0.0.1 for text.corp.example and text)"}, "text.corp.example. text."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, zone(t, records...))
			r := world{resolv: "nameserver 10.0.0.1\n" + tt.resolv + "\n", hostname: tt.hostname, dial: dialers{"10.0.0.1": s.dial}}.resolver()
			addrs, err := r.Lookup(t.Context(), tt.host, resolve.Any)
			check(t, addrs, err, tt.want)
			var want []string
			for fqdn := range strings.FieldsSeq(tt.asked) {
				want = append(want, "udp A "+fqdn, "udp AAAA "+fqdn)
			}
			slices.Sort(want)
			if got := s.asked(); !slices.Equal(got, want) {
				t.Errorf("asked (-want +got):\n-%v\n+%v", want, got)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	chain := func(n int) []string {
		records := []string{fmt.Sprintf("c%d.example. A 192.0.2.1", n)}
		for i := range n {
			records = append(records, fmt.Sprintf("c%d.example. CNAME c%d.example.", i, i+1))
		}
		return records
	}
	tests := []struct {
		name    string
		records []string
		host    string
		family  resolve.Family
		want    outcome
	}{
		{"ok both families, IPv6 first", []string{"a.example. A 192.0.2.1", "a.example. A 192.0.2.2", "a.example. AAAA 2001:db8::1"}, "a.example", resolve.Any, outcome{addrs: "2001:db8::1 192.0.2.1 192.0.2.2"}},
		{"ok IPv4 asked", []string{"a.example. A 192.0.2.1", "a.example. AAAA 2001:db8::1"}, "a.example", resolve.IPv4, outcome{addrs: "192.0.2.1"}},
		{"ok IPv6 asked", []string{"a.example. A 192.0.2.1", "a.example. AAAA 2001:db8::1"}, "a.example", resolve.IPv6, outcome{addrs: "2001:db8::1"}},
		{"ok case does not matter", []string{"a.example. A 192.0.2.1"}, "A.Example", resolve.Any, outcome{addrs: "192.0.2.1"}},
		{"ok alias", []string{"www.example. CNAME a.example.", "a.example. A 192.0.2.1", "a.example. AAAA 2001:db8::1"}, "www.example", resolve.Any, outcome{addrs: "2001:db8::1 192.0.2.1"}},
		{"ok 16 aliases", chain(16), "c0.example", resolve.IPv4, outcome{addrs: "192.0.2.1"}},
		{"bad 17 aliases", chain(17), "c0.example", resolve.IPv4, outcome{class: resolve.ErrTemporary, err: "look up c0.example: 10.0.0.1 gave an alias of an alias without end"}},
		{"bad circle", []string{"a.example. CNAME b.example.", "b.example. CNAME a.example."}, "a.example", resolve.Any, outcome{class: resolve.ErrTemporary, err: "look up a.example: 10.0.0.1 gave an alias of an alias without end"}},
		{"bad alias to nothing", []string{"a.example. CNAME b.example."}, "a.example", resolve.Any, outcome{class: resolve.ErrNotFound, err: "look up a.example: the name has no IPv4 or IPv6 address (asked 10.0.0.1)"}},
		{"bad no such name", nil, "nosuch.example", resolve.Any, outcome{class: resolve.ErrNotFound, err: "look up nosuch.example: no such name (asked 10.0.0.1)"}},
		{"bad empty answer", []string{"a.example. A 192.0.2.1"}, "a.example", resolve.IPv6, outcome{class: resolve.ErrNotFound, err: "look up a.example: the name has no IPv6 address (asked 10.0.0.1)"}},
		{"bad mapped address", []string{"a.example. AAAA ::ffff:192.0.2.1"}, "a.example", resolve.IPv6, outcome{class: resolve.ErrNotFound, err: "look up a.example: the name has no IPv6 address (asked 10.0.0.1)"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, zone(t, tt.records...))
			r := world{resolv: "nameserver 10.0.0.1\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
			addrs, err := r.Lookup(t.Context(), tt.host, tt.family)
			check(t, addrs, err, tt.want)
		})
	}
}

func TestNextServer(t *testing.T) {
	good := zone(t, "a.example. A 192.0.2.1")
	referral := func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetReply(m)
		ns, _ := dns.NewRR("example. NS ns.example.")
		reply.Ns = append(reply.Ns, ns)
		_ = w.WriteMsg(reply)
	}
	headerOnly := func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetRcode(m, dns.RcodeRefused)
		reply.Question = nil
		_ = w.WriteMsg(reply)
	}
	malformed := func(w dns.ResponseWriter, m *dns.Msg) {
		packet, _ := new(dns.Msg).SetReply(m).Pack()
		packet[7] = 1 // one answer, which is not there
		_, _ = w.Write(append(packet, 0xc0))
	}
	tests := []struct {
		name  string
		first dns.HandlerFunc
		both  string
	}{
		{"ok SERVFAIL", rcode(dns.RcodeServerFailure), "answered SERVFAIL"},
		{"ok REFUSED", rcode(dns.RcodeRefused), "answered REFUSED"},
		{"ok header only", headerOnly, "answered REFUSED"},
		{"ok NOTIMP", rcode(dns.RcodeNotImplemented), "answered NOTIMP"},
		{"ok unknown code", rcode(14), "answered with an unknown response code"},
		{"ok FORMERR", rcode(dns.RcodeFormatError), "answered FORMERR"},
		{"ok referral", referral, "referred to another server instead of asking it"},
		{"ok malformed", malformed, "gave a malformed answer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := serve(t, tt.first)
			w := world{resolv: "nameserver 10.0.0.1\nnameserver 10.0.0.2\n", dial: dialers{"10.0.0.1": bad.dial, "10.0.0.2": serve(t, good).dial}}
			addrs, err := w.resolver().Lookup(t.Context(), "a.example", resolve.Any)
			check(t, addrs, err, outcome{addrs: "192.0.2.1"})

			w.dial["10.0.0.2"] = bad.dial
			addrs, err = w.resolver().Lookup(t.Context(), "a.example", resolve.Any)
			want := "look up a.example: 10.0.0.1 " + tt.both + "; 10.0.0.2 " + tt.both
			check(t, addrs, err, outcome{class: resolve.ErrTemporary, err: want})
		})
	}
}

func TestConclusiveAnswerIsNotAskedForTwice(t *testing.T) {
	first, second := serve(t, zone(t)), serve(t, zone(t, "a.example. A 192.0.2.1"))
	r := world{resolv: "nameserver 10.0.0.1\nnameserver 10.0.0.2\n", dial: dialers{"10.0.0.1": first.dial, "10.0.0.2": second.dial}}.resolver()
	_, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
	check(t, nil, err, outcome{class: resolve.ErrNotFound, err: "look up a.example: no such name (asked 10.0.0.1)"})
	if got := second.asked(); len(got) > 0 {
		t.Errorf("the second server was asked %v", got)
	}
}

func TestUnreachableServer(t *testing.T) {
	closed, packets := listenBoth(t)
	_ = closed.Close()
	_ = packets.Close()
	refused := func(ctx context.Context, network string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, closed.Addr().String())
	}
	r := world{resolv: "nameserver 10.0.0.1\nnameserver 10.0.0.2\n", dial: dialers{"10.0.0.1": refused}}.resolver()
	addrs, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
	want := "look up a.example: 10.0.0.1 gave no answer: connection refused; 10.0.0.2 gave no answer: network is unreachable"
	check(t, addrs, err, outcome{class: resolve.ErrTemporary, err: want})
}

// big fills a name with addresses; over UDP the answer is cut to what the query allows.
func big(n int) dns.HandlerFunc {
	return func(w dns.ResponseWriter, m *dns.Msg) {
		reply := new(dns.Msg).SetReply(m)
		for i := range n {
			reply.Answer = append(reply.Answer, &dns.A{
				Hdr: dns.RR_Header{Name: m.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET},
				A:   net.IPv4(10, 1, byte(i>>8), byte(i)),
			})
		}
		if w.LocalAddr().Network() == "udp" {
			reply.Truncate(int(m.IsEdns0().UDPSize()))
		} else {
			reply.Truncate(65535)
			reply.Truncated = false
		}
		_ = w.WriteMsg(reply)
	}
}

func TestLargeAnswers(t *testing.T) {
	tests := []struct {
		name    string
		handler dns.HandlerFunc
		want    int
		asked   string
	}{
		{"ok fits into a datagram", big(30), 30, "udp A"},
		{"ok TCP after truncation", big(100), 32, "tcp A udp A"},
		{"ok as large as TCP can", big(5000), 32, "tcp A udp A"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, tt.handler)
			r := world{resolv: "nameserver 10.0.0.1\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
			addrs, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
			if err != nil || len(addrs) != tt.want || addrs[0] != netip.MustParseAddr("10.1.0.0") {
				t.Errorf("%d addresses, %v; want %d", len(addrs), err, tt.want)
			}
			if got := strings.ReplaceAll(strings.Join(s.asked(), " "), " a.example.", ""); got != tt.asked {
				t.Errorf("asked (-want +got):\n-%s\n+%s", tt.asked, got)
			}
		})
	}
}

func TestEveryQuery(t *testing.T) {
	queries := make(chan *dns.Msg, 8)
	s := serve(t, func(w dns.ResponseWriter, m *dns.Msg) {
		queries <- m
		zone(t, "a.example. A 192.0.2.1")(w, m)
	})
	r := world{resolv: "nameserver 10.0.0.1\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
	if _, err := r.Lookup(t.Context(), "a.example", resolve.Any); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m := <-queries
		opt := m.IsEdns0()
		if opt == nil || opt.UDPSize() != 1232 || opt.Do() || !m.RecursionDesired || len(m.Question) != 1 {
			t.Errorf("query %v", m)
		}
	}
}

func TestServerWithoutEDNS(t *testing.T) {
	s := serve(t, func(w dns.ResponseWriter, m *dns.Msg) {
		if m.IsEdns0() != nil {
			rcode(dns.RcodeFormatError)(w, m)
			return
		}
		zone(t, "a.example. A 192.0.2.1")(w, m)
	})
	r := world{resolv: "nameserver 10.0.0.1\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
	addrs, err := r.Lookup(t.Context(), "a.example", resolve.Any)
	check(t, addrs, err, outcome{addrs: "192.0.2.1"})
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name, options string
		family        resolve.Family
		asked         string
		want          outcome
	}{
		{"ok none", "", resolve.Any, "udp A, udp AAAA", outcome{addrs: "2001:db8::1 192.0.2.1"}},
		{"ok single-request", "single-request", resolve.Any, "udp A, udp AAAA", outcome{addrs: "2001:db8::1 192.0.2.1"}},
		{"ok use-vc", "use-vc", resolve.Any, "tcp A, tcp AAAA", outcome{addrs: "2001:db8::1 192.0.2.1"}},
		{"ok no-aaaa", "no-aaaa", resolve.Any, "udp A", outcome{addrs: "192.0.2.1"}},
		{"bad no-aaaa with IPv6 asked", "no-aaaa", resolve.IPv6, "", outcome{class: resolve.ErrNotFound, err: "look up a.example: the name has no IPv6 address (not asked for: no-aaaa in /etc/resolv.conf)"}},
		{"ok unknown", "inet6 debug trust-ad ndots:x", resolve.IPv4, "udp A", outcome{addrs: "192.0.2.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, zone(t, "a.example. A 192.0.2.1", "a.example. AAAA 2001:db8::1"))
			r := world{resolv: "nameserver 10.0.0.1\noptions " + tt.options + "\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
			addrs, err := r.Lookup(t.Context(), "a.example", tt.family)
			check(t, addrs, err, tt.want)
			if got := strings.ReplaceAll(strings.Join(s.asked(), ", "), " a.example.", ""); got != tt.asked {
				t.Errorf("asked (-want +got):\n-%s\n+%s", tt.asked, got)
			}
		})
	}
}

func TestRotateBeginsWithEveryServer(t *testing.T) {
	first := map[string]int{}
	dial := func(server string) func(context.Context, string) (net.Conn, error) {
		return func(context.Context, string) (net.Conn, error) {
			first[server]++
			c, end := net.Pipe()
			_ = end.Close()
			return c, nil
		}
	}
	r := world{resolv: "nameserver 10.0.0.1\nnameserver 10.0.0.2\noptions rotate attempts:1\n", dial: dialers{"10.0.0.1": dial("1"), "10.0.0.2": dial("2")}}.resolver()
	seen := map[string]bool{}
	for range 200 { // the odds against one order only are 2 to the 199th
		_, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
		seen[err.Error()] = true
	}
	if len(seen) != 2 || first["1"] != 200 || first["2"] != 200 {
		t.Errorf("orders %v, servers %v", seen, first)
	}
}

// TestForgedSource sends the right answer from the wrong port before the server answers.
func TestForgedSource(t *testing.T) {
	forger, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = forger.Close() }()
	s := serve(t, func(w dns.ResponseWriter, m *dns.Msg) {
		forged, _ := answer(map[string][]dns.RR{"a.example.": {&dns.A{Hdr: dns.RR_Header{Name: "a.example.", Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 66)}}}, m).Pack()
		if _, err := forger.WriteTo(forged, w.RemoteAddr()); err != nil {
			t.Error(err)
		}
		zone(t, "a.example. A 192.0.2.1")(w, m)
	})
	r := world{resolv: "nameserver 10.0.0.1\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
	addrs, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
	check(t, addrs, err, outcome{addrs: "192.0.2.1"})
}

// TestDefaults looks up through this machine's own files, without any server.
func TestDefaults(t *testing.T) {
	addrs, err := resolve.New(resolve.Config{}).Lookup(t.Context(), "localhost", resolve.IPv4)
	if err != nil || len(addrs) == 0 || !addrs[0].IsLoopback() {
		t.Errorf("localhost is %v, %v", addrs, err)
	}
}
