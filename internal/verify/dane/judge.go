// Package dane judges servers by the TLSA records of their names (RFC 6698, RFC 7671), as a validating resolver that the
// administrator names gives them. It validates no signature itself and knows no trust store: whether a resolver's word,
// the AD bit, is worth something depends on the way to it, so that whoever configures it names one on this machine, or
// one reached by TLS.
package dane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/memo"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Bounds and times.
const (
	// lifeMax is the longest an answer counts, whatever it says.
	lifeMax = time.Hour
	// kept bounds the servers whose records are remembered.
	kept = 4096
	// complaintsMax bounds the records that a reason speaks of.
	complaintsMax = 4
)

// Config is what the judge is made of.
type Config struct {
	// Resolver is the address and port of the resolver, as Dial gets it.
	Resolver string
	// Dial connects to it by "udp" or "tcp"; a UDP socket must be connected. Nil is a net.Dialer's DialContext.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Stream asks by "tcp" alone; with a Dial that does TLS it is RFC 7858.
	Stream bool
	// RSABits is the smallest RSA key of a chain that a record vouches for without a CA of the trust store; 0 is 2048.
	RSABits int
}

// Judge is the judge.
type Judge struct {
	config Config
	memory *memo.Memo[key, found]
}

// key is a server.
type key struct {
	host string
	port uint16
}

// New makes the judge.
func New(c Config) (*Judge, error) {
	if _, err := netip.ParseAddrPort(c.Resolver); err != nil {
		return nil, fmt.Errorf("the resolver is %.100q, which is no address and port", c.Resolver)
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.RSABits == 0 {
		c.RSABits = 2048
	}
	return &Judge{config: c, memory: memo.New[key, found](kept)}, nil
}

// Name is the judge's name.
func (j *Judge) Name() string { return judge.DANE }

// Judge is judge.Judge:
//
//  1. abstain for clients, and for servers that have no name;
//  2. error when the resolver cannot say, or says that signatures are wrong;
//  3. abstain when the name is not signed, or is and has no records that can be used;
//  4. valid when one of the records speaks for the chain, else invalid.
func (j *Judge) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	if q.Role == judge.Client {
		return judge.Abstainf("TLSA records are about servers").For(q, lifeMax)
	}
	host, err := domain(q.Host)
	if err != nil {
		return judge.Abstainf("%v", err).For(q, lifeMax)
	}
	f, err := j.remember(ctx, key{host, q.Port}, q.Time)
	if err != nil {
		return judge.Errorf("%v", err)
	}
	return j.decide(f, q).For(q, f.ttl)
}

// domain is a host's name as the DNS has it.
func domain(host string) (string, error) {
	host = strings.TrimSuffix(host, ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil || host == "" {
		return "", errors.New("the server has no name to look records up for")
	}
	// The longest prefix is "_65535._tcp.", and escapes have no place in a host name.
	if _, ok := dns.IsDomainName(host); !ok || len(host) > 240 || strings.ContainsAny(host, "\\\x00 ") {
		return "", fmt.Errorf("%.260q is no name to look records up for", host)
	}
	return dns.CanonicalName(host), nil
}

// remember looks up what is not known yet. Failures are not remembered.
func (j *Judge) remember(ctx context.Context, k key, now time.Time) (found, error) {
	if f, ok := j.memory.Get(k, now); ok {
		f.ttl = 0 // it was counted from an earlier time
		return f, nil
	}
	f, err := j.lookup(ctx, k)
	if err == nil && f.ttl > 0 {
		j.memory.Put(k, f, now.Add(f.ttl))
	}
	return f, err
}

// decide holds the chain against what was found.
func (j *Judge) decide(f found, q *judge.Question) judge.Verdict {
	switch {
	case !f.secure:
		return judge.Abstainf("%q is not signed (DNSSEC), so its TLSA records, if any, mean nothing", q.Host)
	case len(f.records) == 0 && f.unusable > 0:
		return judge.Abstainf("%q has TLSA records, but none that can be used", q.Host)
	case len(f.records) == 0:
		return judge.Abstainf("%q has no TLSA record for port %d", q.Host, q.Port)
	}
	var why []string
	for _, r := range f.records {
		err := j.match(r, q, f.names)
		if err == nil {
			return judge.Validf("the TLSA record %s of %q vouches for the server", r, f.names[0])
		}
		if len(why) < complaintsMax {
			why = append(why, fmt.Sprintf("%s %v", r, err))
		}
	}
	return judge.Invalidf(abi.Rejected, "none of the %d TLSA records of %q vouches for the server: %s", len(f.records), f.names[0],
		strings.Join(why, "; "))
}
