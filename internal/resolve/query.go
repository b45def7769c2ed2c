package resolve

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/miekg/dns"
)

// asker asks the servers of one resolv.conf.
type asker struct {
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
	conf resolvConf
}

// query asks for one record type: every server in turn, as often as attempts says, until one is conclusive.
func (a *asker) query(ctx context.Context, fqdn string, qtype uint16) result {
	start := time.Now()
	var bad failures
	for range a.conf.attempts {
		for _, server := range a.conf.servers {
			if ctx.Err() != nil {
				break
			}
			res := a.ask(ctx, server, dns.Question{Name: dns.Fqdn(fqdn), Qtype: qtype, Qclass: dns.ClassINET})
			if res.verdict != failed && res.verdict != silent {
				res.servers = []string{server}
				return res
			}
			bad.note(server, res)
		}
	}
	return bad.result(ctx, time.Since(start))
}

// ask asks one server.
func (a *asker) ask(ctx context.Context, server string, q dns.Question) result {
	m, err := a.transact(ctx, server, q)
	switch {
	case err == nil:
		return interpret(m, q)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, os.ErrDeadlineExceeded):
		return result{verdict: silent}
	case errors.Is(err, errMalformed):
		return result{verdict: failed, text: "gave " + err.Error()}
	default:
		return result{verdict: silent, text: "gave no answer: " + plain(err)}
	}
}

// plain leaves out of an error of package net what the message says anyway.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var sys *os.SyscallError
	if errors.As(err, &sys) {
		err = sys.Err
	}
	return err.Error()
}

// failures is the last failure of every server, in the order of the servers.
type failures struct {
	servers []string
	last    []result
}

func (f *failures) note(server string, r result) {
	if i := slices.Index(f.servers, server); i >= 0 {
		f.last[i] = r
		return
	}
	f.servers, f.last = append(f.servers, server), append(f.last, r)
}

// result puts the failures into one: "no answer from 10.0.0.1 and 10.0.0.2 within 10 s; 10.0.0.3 answered
// SERVFAIL".
func (f *failures) result(ctx context.Context, elapsed time.Duration) result {
	all := result{verdict: failed, cause: context.Cause(ctx)}
	var mute, spoke []string
	for i, server := range f.servers {
		all.verdict = max(all.verdict, f.last[i].verdict)
		if f.last[i].text == "" {
			mute = append(mute, server)
			continue
		}
		spoke = append(spoke, server+" "+f.last[i].text)
	}
	if len(mute) > 0 {
		seconds := elapsed.Round(time.Millisecond).Seconds()
		spoke = slices.Insert(spoke, 0, fmt.Sprintf("no answer from %s within %g s", list(mute), seconds))
	}
	if ctx.Err() != nil {
		all.verdict = silent
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		spoke = append(spoke, "the lookup was cancelled")
	}
	if len(spoke) == 0 {
		spoke = append(spoke, "there was no time left to ask")
	}
	all.text = strings.Join(spoke, "; ")
	return all
}
