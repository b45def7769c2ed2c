package testutil

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/miekg/dns"
)

// A DNSAnswer is what a DNS server answers for a name and type.
type DNSAnswer struct {
	// Records are in the form of a zone file. None is an answer without records.
	Records []string
	// Authority are those beside the answer, such as the SOA of what does not exist.
	Authority []string
	// Code is the response code.
	Code int
	// Unsigned leaves the AD bit out. With it, it is set when the question has DO and AD, as a validating resolver does.
	Unsigned bool
	// Large makes the answer too large for UDP.
	Large bool
	// Silent gives no answer by UDP, Mute none by TCP either.
	Silent, Mute bool
	// Strays are sent before the answer by UDP: answers with another identifier or question that hold the records of Lie.
	Strays int
	Lie    []string
	// Garbage is sent in the place of an answer.
	Garbage []byte
}

// A DNSServer answers on a loopback port by UDP and TCP, as a resolver that validates. What it has no answer for does not
// exist, with the AD bit set.
type DNSServer struct {
	t       testing.TB
	Addr    string
	mu      sync.Mutex
	answers map[string]DNSAnswer
	asked   []string
}

// NewDNSServer starts a server that ends with the test.
func NewDNSServer(t testing.TB) *DNSServer {
	t.Helper()
	s := &DNSServer{t: t, answers: map[string]DNSAnswer{}}
	listener, packets := listenBoth(t)
	s.Addr = listener.Addr().String()
	s.run(&dns.Server{Listener: listener, Handler: dns.HandlerFunc(s.serve)})
	s.run(&dns.Server{PacketConn: packets, Handler: dns.HandlerFunc(s.serve)})
	return s
}

// Set says what is answered for a question, as "TLSA _443._tcp.www.example.com.".
func (s *DNSServer) Set(question string, a DNSAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[question] = a
}

// Asked lists the questions so far, in their order, as "udp TLSA _443._tcp.www.example.com.".
func (s *DNSServer) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// listenBoth finds a port that is free in UDP and TCP.
func listenBoth(t testing.TB) (net.Listener, net.PacketConn) {
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
		_ = l.Close() // the next port is tried
	}
	t.Fatal("no port is free in both UDP and TCP")
	return nil, nil
}

func (s *DNSServer) run(server *dns.Server) {
	s.t.Helper()
	started, ended := make(chan struct{}), make(chan error, 1)
	server.NotifyStartedFunc = func() { close(started) }
	go func() { ended <- server.ActivateAndServe() }()
	<-started
	s.t.Cleanup(func() {
		if err := errors.Join(server.Shutdown(), <-ended); err != nil {
			s.t.Errorf("end DNS server: %v", err)
		}
	})
}

func (s *DNSServer) serve(w dns.ResponseWriter, m *dns.Msg) {
	q, network := m.Question[0], w.LocalAddr().Network()
	question := dns.TypeToString[q.Qtype] + " " + strings.ToLower(q.Name)
	s.mu.Lock()
	s.asked = append(s.asked, network+" "+question)
	a, known := s.answers[question]
	s.mu.Unlock()
	if !known {
		a.Code = dns.RcodeNameError
	}
	if a.Mute || a.Silent && network == "udp" {
		return
	}
	if a.Garbage != nil {
		_, _ = w.Write(a.Garbage) // whoever asked may be gone
		return
	}
	for i := range a.Strays {
		stray := s.reply(m, DNSAnswer{Records: a.Lie})
		stray.Id += uint16(i%2) + 1
		if i%3 == 2 {
			stray.Id, stray.Question[0].Name = m.Id, "other.example."
		}
		_ = w.WriteMsg(stray) // as above
	}
	reply := s.reply(m, a)
	if a.Large && network == "udp" {
		reply.Answer, reply.Truncated = nil, true
	}
	_ = w.WriteMsg(reply) // as above
}

func (s *DNSServer) reply(m *dns.Msg, a DNSAnswer) *dns.Msg {
	reply := new(dns.Msg).SetRcode(m, a.Code)
	reply.RecursionAvailable = true
	opt := m.IsEdns0()
	reply.AuthenticatedData = !a.Unsigned && a.Code != dns.RcodeServerFailure && m.AuthenticatedData && opt != nil && opt.Do()
	reply.Answer, reply.Ns = s.parse(a.Records), s.parse(a.Authority)
	return reply
}

func (s *DNSServer) parse(texts []string) (all []dns.RR) {
	for _, text := range texts {
		rr, err := dns.NewRR(text)
		if err != nil {
			s.t.Errorf("record %q: %v", text, err)
			continue
		}
		all = append(all, rr)
	}
	return all
}
