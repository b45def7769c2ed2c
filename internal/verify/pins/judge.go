// Package pins judges peers by the keys that they have to have: those the administrator has pinned, and those that were
// seen at the first connection to a host.
package pins

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net/netip"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Config is what the judge knows.
type Config struct {
	// Lists are the administrator's pins; a peer must satisfy each that names its host.
	Lists []policy.PinList
	// TrustOnFirstUse is whether Kept counts for hosts without a pin.
	TrustOnFirstUse bool
	// Kept are the keys of first connections; nil when there is no place for them.
	Kept *Store
}

// Judge is the judge for one connection.
type Judge struct{ config Config }

// New makes the judge.
func New(c Config) *Judge { return &Judge{c} }

// Name implements judge.Judge.
func (*Judge) Name() string { return judge.Pins }

// Judge implements judge.Judge.
func (j *Judge) Judge(_ context.Context, q *judge.Question) judge.Verdict {
	verdict := judge.Abstainf("no key is pinned for %s", hostOf(q))
	for _, list := range j.config.Lists {
		entries := list.For(destination(q))
		if len(entries) == 0 {
			continue
		}
		if verdict = pinned(entries, q); verdict.Answer != judge.Valid {
			return verdict
		}
	}
	if verdict.Answer == judge.Abstain && j.config.TrustOnFirstUse && q.Role == judge.Server {
		return j.firstUse(q)
	}
	return verdict
}

// pinned looks for one of the keys of the entries in the peer's chain.
func pinned(entries []policy.PinnedHost, q *judge.Question) judge.Verdict {
	keys := Keys(q)
	for _, e := range entries {
		for _, pin := range e.Pins {
			if keys[pin] {
				return judge.Validf("the key %s is pinned for %s (%s)", pin, e.Pattern, e.Source)
			}
		}
	}
	return judge.Invalidf(abi.Rejected, "the chain has none of the keys that are pinned for %s (%s); the key of its leaf is %s",
		entries[0].Pattern, entries[0].Source, KeyOf(q.Leaf()))
}

// firstUse compares with the key of the first connection, if there was one.
func (j *Judge) firstUse(q *judge.Question) judge.Verdict {
	if j.config.Kept == nil {
		return judge.Errorf("there is no place to keep keys of first connections")
	}
	now := KeyOf(q.Leaf())
	kept, ok, err := j.config.Kept.Find(placeOf(q))
	switch {
	case err != nil:
		return judge.Errorf("look for the key of the first connection: %v", err)
	case !ok:
		return judge.Validf("first use: the key %s is the pin of %s from now on", now, hostOf(q))
	case kept.Pin == now:
		return judge.Validf("the key %s is the one since %s", now, kept.Since.Format("2006-01-02"))
	}
	return judge.Invalidf(abi.Rejected, "the key of %s was %s since %s and is now %s; if that is right: ssa pins forget %s",
		hostOf(q), kept.Pin, kept.Since.Format("2006-01-02"), now, hostOf(q))
}

// Learn keeps the key of a host's first good connection. It is an error when the host has another by now.
func (j *Judge) Learn(q *judge.Question) error {
	if !j.config.TrustOnFirstUse || j.config.Kept == nil || q.Role != judge.Server || j.names(q) {
		return nil
	}
	return j.config.Kept.Learn(placeOf(q), Kept{Pin: KeyOf(q.Leaf()), Since: q.Time})
}

// names says whether the administrator has pinned the host.
func (j *Judge) names(q *judge.Question) bool {
	for _, list := range j.config.Lists {
		if len(list.For(destination(q))) > 0 {
			return true
		}
	}
	return false
}

// KeyOf is the pin of a certificate's key.
func KeyOf(c *x509.Certificate) policy.Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// Keys are those of the peer's chain. Without a verified path only the leaf's counts: its key is the only one the peer
// proves to have.
func Keys(q *judge.Question) map[policy.Pin]bool {
	keys := map[policy.Pin]bool{KeyOf(q.Leaf()): true}
	for _, path := range q.Paths {
		for _, c := range path {
			keys[KeyOf(c)] = true
		}
	}
	return keys
}

// destination is the peer as patterns are compared with it.
func destination(q *judge.Question) policy.Dest {
	d := policy.Dest{Host: q.Host, Addr: q.Remote.Addr(), Port: q.Port}
	if _, err := netip.ParseAddr(q.Host); err == nil {
		d.Host = ""
	}
	return d
}

// placeOf is under what a question's key is kept.
func placeOf(q *judge.Question) Place {
	return Place{UID: q.UID, Host: strings.ToLower(strings.TrimSuffix(q.Host, ".")), Port: q.Port}
}

func hostOf(q *judge.Question) string {
	if q.Role == judge.Client {
		return fmt.Sprintf("the client at %s", q.Remote.Addr())
	}
	return fmt.Sprintf("%s:%d", q.Host, q.Port)
}
