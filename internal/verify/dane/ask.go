package dane

import (
	"context"
	"errors"
	"time"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/resolve"
)

// Bounds of one question to the resolver.
const (
	// payload is what we say we take by UDP, in bytes: it is not fragmented on the way (DNS flag day 2020).
	payload = 1232
	// tries is how often a question is sent by UDP, patience how long each waits.
	tries    = 3
	patience = time.Second
)

// ask puts one question to the resolver and gives its answer, whatever that says.
func (j *Judge) ask(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(name, qtype)
	m.RecursionDesired, m.AuthenticatedData = true, true // AD: tell whether it is authenticated (RFC 6840, section 5.7)
	m.SetEdns0(payload, true)
	if j.config.Stream {
		return j.exchange(ctx, "tcp", m)
	}
	answer, err := j.datagrams(ctx, m)
	if err == nil && answer.Truncated {
		return j.exchange(ctx, "tcp", m)
	}
	return answer, err
}

// datagrams asks by UDP, a few times.
func (j *Judge) datagrams(ctx context.Context, m *dns.Msg) (answer *dns.Msg, err error) {
	for range tries {
		attempt, cancel := context.WithTimeout(ctx, patience)
		answer, err = j.exchange(attempt, "udp", m)
		timedOut := attempt.Err() != nil
		cancel()
		if !timedOut || ctx.Err() != nil {
			break
		}
	}
	return answer, err
}

// exchange asks once, on a socket of its own, and waits until ctx ends.
func (j *Judge) exchange(ctx context.Context, network string, m *dns.Msg) (*dns.Msg, error) {
	c, err := j.config.Dial(ctx, network, j.config.Resolver)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	m.Id = dns.Id()
	answer, err := resolve.Converse(c, network == "tcp", m)
	switch {
	case ctx.Err() != nil && err != nil:
		return nil, errors.New("no answer in time")
	case err == nil && answer.Truncated && network == "tcp":
		return nil, errors.New("an answer that is cut off")
	}
	return answer, err
}
