package daemon

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/dane"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/notary"
	"github.com/securesocketapi/ssa/internal/verify/transparency"
)

// dane makes the judge that asks the resolver.
func (c chambers) dane(p *policy.Policy) ([]judge.Judge, error) {
	s := p.Global(time.Now())
	r := s.Validation.Resolver
	if r.Dial() == "" {
		return nil, nil
	}
	d := dane.Config{Resolver: r.Dial(), RSABits: s.Limits.RSABits}
	if len(r.Pins) > 0 {
		d.Stream = true
		d.Dial = func(ctx context.Context, _, address string) (net.Conn, error) {
			return pinned(ctx, address, r.Pins)
		}
	}
	j, err := dane.New(d)
	return one(j, err)
}

// transparency makes the judge that knows the logs.
func (c chambers) transparency(p *policy.Policy) ([]judge.Judge, error) {
	logs := p.Global(time.Now()).Validation.Logs
	if logs.List == "" {
		return nil, nil
	}
	text, err := readFile(logs.List)
	if err != nil {
		return nil, fmt.Errorf("read the log list: %w", err)
	}
	list, err := transparency.ParseList(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", logs.List, err)
	}
	c.log.Info("read the log list", "file", logs.List, "logs", list.Logs(), "made", list.Made())
	j, err := transparency.New(transparency.Config{List: list, Timestamps: logs.Timestamps, Operators: logs.Operators})
	return one(j, err)
}

// notaries makes the judge that asks others.
func (c chambers) notaries(p *policy.Policy) ([]judge.Judge, error) {
	from := p.Global(time.Now()).Validation.Notaries
	if len(from.List) == 0 {
		return nil, nil
	}
	n := notary.Config{Agree: from.Agree, Inside: from.Inside}
	n.Dial = func(ctx context.Context, to notary.Notary) (net.Conn, error) { return pinned(ctx, to.Address, to.Pins) }
	for _, one := range from.List {
		n.Notaries = append(n.Notaries, notary.Notary{Name: one.Name, Address: one.Address, Pins: digests(one.Pins)})
	}
	j, err := notary.New(n)
	return one(j, err)
}

func one[J judge.Judge](j J, err error) ([]judge.Judge, error) {
	if err != nil {
		return nil, err
	}
	return []judge.Judge{j}, nil
}

// pinned connects to somebody whom the policy names, who proves his key over TLS.
func pinned[P ~[sha256.Size]byte](ctx context.Context, address string, pins []P) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	t, err := engine.Pinned(ctx, c, digests(pins))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", address, err), c.Close())
	}
	return t, nil
}

func digests[P ~[sha256.Size]byte](pins []P) [][sha256.Size]byte {
	var all [][sha256.Size]byte
	for _, p := range pins {
		all = append(all, p)
	}
	return all
}
