package resolve_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/resolve"
)

// slow delays a pipe server's answers to one record type.
func slow(qtype uint16, d time.Duration, handler func(string, *dns.Msg) [][]byte) func(string, *dns.Msg) [][]byte {
	return func(network string, query *dns.Msg) [][]byte {
		if query.Question[0].Qtype == qtype {
			<-time.After(d)
		}
		return handler(network, query)
	}
}

func TestWaiting(t *testing.T) {
	records := []string{"a.example. A 192.0.2.1", "a.example. AAAA 2001:db8::1"}
	good := zonePipe(t, records...)
	two := "nameserver 10.0.0.1\nnameserver 10.0.0.2\n"
	tests := []struct {
		name, resolv  string
		first, second func(string, *dns.Msg) [][]byte
		want          outcome
		took          time.Duration
	}{
		{"ok at once", two, good, mute, outcome{addrs: "2001:db8::1 192.0.2.1"}, 0},
		{"ok second server after 5 s", two, mute, good, outcome{addrs: "2001:db8::1 192.0.2.1"}, 5 * time.Second},
		{"ok timeout:1", two + "options timeout:1", mute, good, outcome{addrs: "2001:db8::1 192.0.2.1"}, time.Second},
		{"ok timeout is at most 30 s", two + "options timeout:99", mute, good, outcome{addrs: "2001:db8::1 192.0.2.1"}, 30 * time.Second},
		{"bad nobody answers", two, mute, mute, outcome{class: resolve.ErrTemporary, err: "look up a.example: no answer from 10.0.0.1 and 10.0.0.2 within 20 s"}, 20 * time.Second},
		{"bad one attempt", two + "options attempts:1", mute, mute, outcome{class: resolve.ErrTemporary, err: "look up a.example: no answer from 10.0.0.1 and 10.0.0.2 within 10 s"}, 10 * time.Second},
		{"bad attempts are at most five", "nameserver 10.0.0.1\noptions attempts:99", mute, nil, outcome{class: resolve.ErrTemporary, err: "look up a.example: no answer from 10.0.0.1 within 25 s"}, 25 * time.Second},
		{"bad a silent server ends the search", "nameserver 10.0.0.1\noptions ndots:2 attempts:1\nsearch corp.example", mute, nil, outcome{class: resolve.ErrTemporary, err: "look up a.example: no answer from 10.0.0.1 within 5 s"}, 5 * time.Second},
		{"bad one after the other", "nameserver 10.0.0.1\noptions single-request attempts:1", mute, nil, outcome{class: resolve.ErrTemporary, err: "look up a.example: no answer from 10.0.0.1 within 5 s"}, 10 * time.Second},
		{"ok slow AAAA within 2 s", two, slow(dns.TypeAAAA, 1900*time.Millisecond, good), mute, outcome{addrs: "2001:db8::1 192.0.2.1"}, 1900 * time.Millisecond},
		{"ok AAAA missing", two, slow(dns.TypeAAAA, time.Hour, good), mute, outcome{addrs: "192.0.2.1"}, 2 * time.Second},
		{"ok A missing", two, slow(dns.TypeA, time.Hour, good), mute, outcome{addrs: "2001:db8::1"}, 2 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := world{resolv: tt.resolv, dial: dialers{"10.0.0.1": pipe(tt.first), "10.0.0.2": pipe(tt.second)}}.resolver()
				start := time.Now()
				addrs, err := r.Lookup(t.Context(), "a.example", resolve.Any)
				check(t, addrs, err, tt.want)
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %v, want %v", took, tt.took)
				}
				<-time.After(2 * time.Hour) // lets the slow servers end
			})
		})
	}
}

func TestStrayAnswersAreIgnored(t *testing.T) {
	good := zonePipe(t, "a.example. A 192.0.2.1")
	evil := func(query *dns.Msg) *dns.Msg {
		m := new(dns.Msg).SetReply(query)
		m.Answer = append(m.Answer, &dns.A{Hdr: dns.RR_Header{Name: query.Question[0].Name, Rrtype: dns.TypeA, Class: dns.ClassINET}, A: net.IPv4(192, 0, 2, 66)})
		return m
	}
	tests := []struct {
		name  string
		stray func(query *dns.Msg) *dns.Msg
	}{
		{"wrong id", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Id++; return m }},
		{"wrong name", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Question[0].Name = "b.example."; return m }},
		{"wrong type", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Question[0].Qtype = dns.TypeMX; return m }},
		{"wrong class", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Question[0].Qclass = dns.ClassCHAOS; return m }},
		{"two questions", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Question = append(m.Question, m.Question[0]); return m }},
		{"no question", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Question = nil; return m }},
		{"no question, no such name", func(q *dns.Msg) *dns.Msg {
			m := evil(q)
			m.Question, m.Rcode = nil, dns.RcodeNameError
			return m
		}},
		{"a query", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Response = false; return m }},
		{"another operation", func(q *dns.Msg) *dns.Msg { m := evil(q); m.Opcode = dns.OpcodeNotify; return m }},
	}
	for _, network := range []string{"", "options use-vc"} {
		for _, tt := range tests {
			t.Run("bad "+tt.name+" "+network, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					mixed := func(network string, q *dns.Msg) [][]byte {
						return append([][]byte{pack(t, tt.stray(q.Copy()))}, good(network, q)...)
					}
					r := world{resolv: "nameserver 10.0.0.1\n" + network, dial: dialers{"10.0.0.1": pipe(mixed)}}.resolver()
					addrs, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
					check(t, addrs, err, outcome{addrs: "192.0.2.1"})
				})
			})
		}
	}
}

func TestHostileServers(t *testing.T) {
	repeat := func(n int, packet func(*dns.Msg) []byte) func(string, *dns.Msg) [][]byte {
		return func(_ string, q *dns.Msg) (packets [][]byte) {
			for range n {
				packets = append(packets, packet(q))
			}
			return packets
		}
	}
	truncated := func(q *dns.Msg) []byte {
		m := new(dns.Msg).SetReply(q)
		m.Truncated = true
		return pack(t, m)
	}
	tests := []struct {
		name, resolv string
		handler      func(string, *dns.Msg) [][]byte
		want         string
	}{
		{"bad flood of strays", "options attempts:1", repeat(100, func(*dns.Msg) []byte { return make([]byte, 12) }), "10.0.0.1 gave no answer: it sent 64 messages that answer something else"},
		{"bad flood of empty packets over TCP", "options attempts:1 use-vc", repeat(100, func(*dns.Msg) []byte { return nil }), "10.0.0.1 gave no answer: it sent 64 messages that answer something else"},
		{"bad truncated over TCP too", "options attempts:1", repeat(1, truncated), "10.0.0.1 gave a malformed answer"},
		{"bad short packets only", "options attempts:1", repeat(1, func(*dns.Msg) []byte { return []byte{1} }), "no answer from 10.0.0.1 within 5 s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := world{resolv: "nameserver 10.0.0.1\n" + tt.resolv, dial: dialers{"10.0.0.1": pipe(tt.handler)}}.resolver()
				addrs, err := r.Lookup(t.Context(), "a.example", resolve.IPv4)
				check(t, addrs, err, outcome{class: resolve.ErrTemporary, err: "look up a.example: " + tt.want})
			})
		})
	}
}

// A server that fails on one name of the search list does not hide the next, one that does so on the last name
// makes the failure temporary.
func TestFailingSearchDomain(t *testing.T) {
	good := zonePipe(t, "db.corp.example. A 192.0.2.1")
	handler := func(network string, q *dns.Msg) [][]byte {
		if dns.IsSubDomain("broken.example.", q.Question[0].Name) {
			return [][]byte{pack(t, new(dns.Msg).SetRcode(q, dns.RcodeServerFailure))}
		}
		return good(network, q)
	}
	r := world{resolv: "nameserver 10.0.0.1\nsearch broken.example corp.example\n", dial: dialers{"10.0.0.1": pipe(handler)}}.resolver()
	addrs, err := r.Lookup(t.Context(), "db", resolve.IPv4)
	check(t, addrs, err, outcome{addrs: "192.0.2.1"})
	addrs, err = r.Lookup(t.Context(), "nosuch", resolve.IPv4)
	check(t, addrs, err, outcome{class: resolve.ErrTemporary, err: "look up nosuch: 10.0.0.1 answered SERVFAIL"})
}

func TestContextEndsLookup(t *testing.T) {
	dialForever := func(ctx context.Context, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	tests := []struct {
		name  string
		dial  func(context.Context, string) (net.Conn, error)
		ctx   func(context.Context) (context.Context, context.CancelFunc)
		cause error
		want  string
	}{
		{"bad deadline", pipe(mute), func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 3*time.Second)
		}, context.DeadlineExceeded, "look up a.example: no answer from 10.0.0.1 within 3 s"},
		{"bad deadline while dialling", dialForever, func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 3*time.Second)
		}, context.DeadlineExceeded, "look up a.example: no answer from 10.0.0.1 within 3 s"},
		{"bad cancelled", pipe(mute), func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(time.Second, cancel)
			return ctx, cancel
		}, context.Canceled, "look up a.example: no answer from 10.0.0.1 within 1 s; the lookup was cancelled"},
		{"bad cancelled before", pipe(mute), func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, context.Canceled, "look up a.example: the lookup was cancelled"},
		{"bad too late already", pipe(mute), func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 0)
		}, context.DeadlineExceeded, "look up a.example: there was no time left to ask"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := tt.ctx(t.Context())
				defer cancel()
				r := world{resolv: "nameserver 10.0.0.1\nsearch corp.example", dial: dialers{"10.0.0.1": tt.dial}}.resolver()
				addrs, err := r.Lookup(ctx, "a.example", resolve.Any)
				check(t, addrs, err, outcome{class: resolve.ErrTemporary, err: tt.want})
				if !errors.Is(err, tt.cause) {
					t.Errorf("%v does not wrap %v", err, tt.cause)
				}
			})
		})
	}
}
