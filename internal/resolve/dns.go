package resolve

import (
	"context"
	"net/netip"
	"slices"
	"time"
)

// A lookup in the DNS:
//
//  1. askDNS goes through the names of the search list.
//  2. both asks for A and AAAA at the same time.
//  3. query asks one server after the other, several rounds (query.go).
//  4. transact asks one server, over UDP and then TCP (transact.go).
//  5. interpret follows the aliases in the answer (answer.go).

// verdict is what came of a query, from the weakest to the strongest: of two the greater one counts.
type verdict int

const (
	// noName is a name that does not exist (NXDOMAIN).
	noName verdict = iota
	// noData is a name that exists without a record of the type.
	noData
	// failed is servers that answered, but not the question: SERVFAIL, REFUSED and so on.
	failed
	// silent is a server that did not answer or could not be reached.
	silent
	// found is addresses.
	found
)

// result is what is known after a query or several.
type result struct {
	verdict verdict
	addrs   []netip.Addr
	// servers are those that gave a conclusive answer.
	servers []string
	// text says what went wrong when the verdict is failed or silent, cause is the context's error if it did.
	text  string
	cause error
}

// merge is what is known after both.
func (r result) merge(other result) result {
	if other.verdict > r.verdict {
		r.verdict, r.text, r.cause = other.verdict, other.text, other.cause
	}
	r.addrs = append(r.addrs, other.addrs...)
	for _, s := range other.servers {
		if !slices.Contains(r.servers, s) {
			r.servers = append(r.servers, s)
		}
	}
	return r
}

// askDNS tries the names of the search list until one has an address. A silent server ends the search: to go on
// to another name could find another host than the one meant. A failing one does not, as in the C library.
func (r *Resolver) askDNS(ctx context.Context, q question) ([]netip.Addr, *Error) {
	conf, err := r.resolvConf()
	if err != nil {
		return nil, q.unreadable(err)
	}
	a := &asker{dial: r.config.Dial, conf: conf}
	var all result
	var asked []string
	for _, fqdn := range conf.candidates(q.name) {
		asked = append(asked, fqdn)
		all = all.merge(a.both(ctx, fqdn, conf.types(q.family)))
		if all.verdict >= silent {
			break
		}
	}
	return all.conclude(q, asked)
}

// conclude turns what is known into an answer or an error.
func (r result) conclude(q question, asked []string) ([]netip.Addr, *Error) {
	whom := "asked " + list(r.servers)
	if len(asked) > 1 || asked[0] != q.name.text {
		whom += " for " + list(asked)
	}
	if len(r.servers) == 0 {
		whom = "not asked for: no-aaaa in " + resolvPath
	}
	switch r.verdict {
	case found:
		return r.addrs, nil
	case noData:
		return nil, q.fail(ErrNotFound, "the name has no %s address (%s)", q.family, whom)
	case noName:
		return nil, q.fail(ErrNotFound, "no such name (%s)", whom)
	case failed, silent:
	}
	err := q.fail(ErrTemporary, "%s", r.text)
	err.Cause = r.cause
	return nil, err
}

// patience is how long an answer with addresses of one family waits for the other family's. RFC 8305, section 3
// waits 50 ms because it can still add addresses later; here what is missing stays missing.
const patience = 2 * time.Second

// both asks for all types and puts the results together.
func (a *asker) both(ctx context.Context, fqdn string, types []uint16) result {
	if len(types) == 0 {
		return result{verdict: noData}
	}
	all := result{}
	if a.conf.sequential {
		for _, t := range types {
			all = all.merge(a.query(ctx, fqdn, t))
		}
		return all
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := make(chan result, len(types))
	for _, t := range types {
		go func() { results <- a.query(ctx, fqdn, t) }()
	}
	for range types {
		all = all.merge(<-results)
		if all.verdict == found {
			timer := time.AfterFunc(patience, cancel)
			defer timer.Stop()
		}
	}
	return all
}
