package dane

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// aliasesMax bounds the CNAME records between a name and its addresses.
const aliasesMax = 16

// found is what the DNS says about a server.
type found struct {
	// records are those that can be used, of an answer the resolver has authenticated.
	records []record
	// unusable is how many more there are.
	unusable int
	// names are what the server's certificate may be for: the name whose records these are, then the one that was asked for.
	names []string
	// secure says that the resolver has authenticated the answer, be it that there are no records.
	secure bool
	// ttl is how long the answer counts.
	ttl time.Duration
}

// lookup finds the records of a server: first those of the name that host is an alias of, then those of host itself (RFC
// 7671, section 7).
func (j *Judge) lookup(ctx context.Context, k key) (found, error) {
	names, ttl, err := j.bases(ctx, k.host)
	if err != nil {
		return found{}, err
	}
	last := found{ttl: ttl}
	for i, name := range names {
		f, err := j.records(ctx, fmt.Sprintf("_%d._tcp.%s", k.port, name))
		if err != nil {
			return found{}, err
		}
		f.ttl, f.names = min(f.ttl, ttl), plain(names[i:])
		if len(f.records) > 0 || f.unusable > 0 {
			return f, nil
		}
		f.secure = f.secure && (i == 0 || last.secure)
		last = f
	}
	return last, nil
}

// bases are the names to look for records at. An alias counts when the resolver has authenticated it; then its target
// comes first.
func (j *Judge) bases(ctx context.Context, host string) ([]string, time.Duration, error) {
	answer, err := j.answered(ctx, host, dns.TypeA)
	if err != nil {
		return nil, 0, err
	}
	target, ttl := host, shortest(answer)
	for range aliasesMax {
		c := alias(answer, target)
		if c == nil || !answer.AuthenticatedData {
			break
		}
		target = dns.CanonicalName(c.Target)
	}
	if target == host {
		return []string{host}, ttl, nil
	}
	return []string{target, host}, ttl, nil
}

func alias(m *dns.Msg, owner string) *dns.CNAME {
	for _, rr := range m.Answer {
		if c, ok := rr.(*dns.CNAME); ok && strings.EqualFold(c.Hdr.Name, owner) {
			return c
		}
	}
	return nil
}

// records are the TLSA records at a name, or at what it is an alias of.
func (j *Judge) records(ctx context.Context, name string) (found, error) {
	answer, err := j.answered(ctx, name, dns.TypeTLSA)
	if err != nil {
		return found{}, err
	}
	f := found{secure: answer.AuthenticatedData, ttl: life(answer)}
	if !f.secure {
		return f, nil
	}
	for _, rr := range answer.Answer {
		t, ok := rr.(*dns.TLSA)
		if !ok {
			continue
		}
		r, ok := usable(t)
		if !ok || len(f.records) == recordsMax {
			f.unusable++
			continue
		}
		f.records = append(f.records, r)
	}
	f.records = strongest(f.records)
	return f, nil
}

// answered asks, and takes nothing but a name that exists or does not for an answer. A resolver says SERVFAIL when
// signatures are wrong (RFC 4035, section 5.5).
func (j *Judge) answered(ctx context.Context, name string, qtype uint16) (*dns.Msg, error) {
	answer, err := j.ask(ctx, name, qtype)
	what := fmt.Sprintf("the %s records of %q", dns.TypeToString[qtype], name)
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask %s for %s: %w", j.config.Resolver, what, err)
	case answer.Rcode == dns.RcodeServerFailure:
		return nil, fmt.Errorf("%s answered SERVFAIL for %s: their signatures are wrong, or nobody answers for them", j.config.Resolver, what)
	case answer.Rcode != dns.RcodeSuccess && answer.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("%s answered %.20s for %s", j.config.Resolver, dns.RcodeToString[answer.Rcode], what)
	}
	return answer, nil
}

// life is how long an answer counts: the shortest life of its records; for what is absent what the zone says, or not at
// all (RFC 2308, section 5).
func life(m *dns.Msg) time.Duration {
	if len(m.Answer) > 0 {
		return shortest(m)
	}
	for _, rr := range m.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			return min(lifeMax, seconds(soa.Hdr.Ttl), seconds(soa.Minttl))
		}
	}
	return 0
}

// shortest is the shortest life of the records of an answer, the longest there is when it has none.
func shortest(m *dns.Msg) time.Duration {
	ttl := lifeMax
	for _, rr := range m.Answer {
		ttl = min(ttl, seconds(rr.Header().Ttl))
	}
	return ttl
}

func seconds(n uint32) time.Duration { return time.Duration(n) * time.Second }

// plain are names without the dot at their end.
func plain(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, strings.TrimSuffix(n, "."))
	}
	return all
}
