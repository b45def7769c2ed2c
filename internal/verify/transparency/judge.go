// Package transparency judges servers by signed certificate timestamps (RFC 6962): promises of public logs that a
// certificate is, or soon will be, in them for everybody to see. It knows no connection; the logs come from a list in
// a file, and nothing is asked of anybody.
package transparency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Bounds and times.
const (
	// TimestampsMax bounds the timestamps a policy may ask for.
	TimestampsMax = 8
	// freshness is how long a list says which logs there are. Browsers stop asking for timestamps after the same time.
	freshness = 70 * 24 * time.Hour
	// remembered is how long a verdict lasts: everything it depends on but the time is in the question.
	remembered = time.Hour
	// issuersMax bounds the issuers that are tried for a certificate.
	issuersMax = 4
	// complaintsMax bounds the timestamps that a reason speaks of.
	complaintsMax = 4
)

// Config is what the judge is made of.
type Config struct {
	// List are the logs that count.
	List *List
	// Timestamps is how many logs must vouch for a certificate, Operators how many different operators must be among
	// theirs. Zero is 2 for both; Operators is at most Timestamps.
	Timestamps, Operators int
}

// Judge is the judge.
type Judge struct {
	config Config
}

// New makes the judge.
func New(c Config) (*Judge, error) {
	if c.Timestamps == 0 {
		c.Timestamps = 2
	}
	if c.Operators == 0 {
		c.Operators = min(2, c.Timestamps)
	}
	switch {
	case c.List == nil:
		return nil, errors.New("transparency needs a log list")
	case c.Timestamps < 1 || c.Timestamps > TimestampsMax:
		return nil, fmt.Errorf("%d timestamps; it can be 1 to %d", c.Timestamps, TimestampsMax)
	case c.Operators < 1 || c.Operators > c.Timestamps:
		return nil, fmt.Errorf("timestamps of %d operators among %d", c.Operators, c.Timestamps)
	}
	return &Judge{config: c}, nil
}

// Name is the judge's name.
func (j *Judge) Name() string { return judge.Transparency }

// Judge is judge.Judge:
//
//  1. abstain for clients, whose certificates nobody logs;
//  2. valid when enough logs of enough operators vouch for the certificate;
//  3. error when the list is too old to know the logs of today;
//  4. invalid otherwise.
func (j *Judge) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	if q.Role == judge.Client {
		return judge.Abstainf("certificates of clients are in no log").For(q, remembered)
	}
	t := &tally{list: j.config.List, q: q, vouch: map[[sha256.Size]byte]*log{}}
	t.count(ctx)
	if ctx.Err() != nil {
		return judge.Errorf("the timestamps were not all looked at: %v", context.Cause(ctx))
	}
	logs, operators := len(t.vouch), t.operators()
	found := fmt.Sprintf("%d of %d timestamps count, of logs of %d operators", logs, t.seen, len(operators))
	if len(operators) > 0 {
		found += fmt.Sprintf(" (%s)", strings.Join(operators, ", "))
	}
	if logs >= j.config.Timestamps && len(operators) >= j.config.Operators {
		return judge.Validf("%s", found).For(q, remembered)
	}
	found += fmt.Sprintf("; %d of at least %d operators are needed%s", j.config.Timestamps, j.config.Operators, t.explain())
	if made := j.config.List.made; !made.IsZero() && q.Time.Sub(made) > freshness {
		return judge.Errorf("%s; but the log list is of %s, too old to know today's logs", found, made.UTC().Format(time.DateOnly))
	}
	return judge.Invalidf(abi.Rejected, "%s", found).For(q, remembered)
}

// tally counts the logs that vouch for one certificate.
type tally struct {
	list  *List
	q     *judge.Question
	seen  int
	vouch map[[sha256.Size]byte]*log
	// complaints say what is wrong with timestamps that do not count.
	complaints []string
}

func (t *tally) complainf(format string, args ...any) {
	if len(t.complaints) < complaintsMax {
		t.complaints = append(t.complaints, fmt.Sprintf(format, args...))
	}
}

func (t *tally) explain() string {
	if len(t.complaints) == 0 {
		return ""
	}
	return ": " + strings.Join(t.complaints, "; ")
}

// count looks at the timestamps of all three sources.
func (t *tally) count(ctx context.Context) {
	leaf := t.q.Leaf()
	lists := []struct {
		from    source
		entries func() ([]entry, error)
		read    func() ([][]byte, error)
	}{
		{embedded, t.precertEntries, func() ([][]byte, error) { return inCertificate(leaf) }},
		{stapled, t.certificateEntries, func() ([][]byte, error) { return inOCSP(t.q.OCSP, leaf) }},
		{handshake, t.certificateEntries, func() ([][]byte, error) { return t.q.SCTs, nil }},
	}
	for _, l := range lists {
		raw, err := l.read()
		if err != nil {
			t.complainf("%s holds %s", l.from, err)
		}
		if len(raw) == 0 {
			continue
		}
		entries, err := l.entries()
		if err != nil {
			t.complainf("%s", err)
			continue
		}
		for _, one := range raw[:min(len(raw), sctsMax)] {
			if ctx.Err() != nil {
				return
			}
			t.add(one, l.from, entries)
		}
	}
}

// add counts one timestamp; which of the entries it is for, its signature says.
func (t *tally) add(raw []byte, from source, entries []entry) {
	s, err := parseSCT(raw)
	if errors.Is(err, errVersion) {
		return
	}
	t.seen++
	if err != nil {
		t.complainf("%s holds %s", from, err)
		return
	}
	s.source = from
	l := t.list.logs[s.log]
	if l == nil {
		t.complainf("one in %s is of a log that is not in the list", from)
		return
	}
	if err := l.counts(s, t.q.Leaf(), t.q.Time); err != nil {
		t.complainf("that of %.80q in %s %s", l.name, from, err)
		return
	}
	for _, e := range entries {
		if err = l.verify(s, e); err == nil {
			t.vouch[s.log] = l
			return
		}
	}
	t.complainf("that of %.80q in %s %s", l.name, from, err)
}

// certificateEntries is the entry for the certificate as it is.
func (t *tally) certificateEntries() ([]entry, error) {
	e, err := certificateEntry(t.q.Leaf())
	return []entry{e}, err
}

// precertEntries are the entries for the certificate before it held timestamps, one for each key its issuer may have.
func (t *tally) precertEntries() ([]entry, error) {
	var all []entry
	for _, issuer := range t.issuers() {
		e, err := precertEntry(t.q.Leaf(), issuer)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	if len(all) == 0 {
		return nil, errors.New("the peer did not send the certificate's issuer, which its timestamps need")
	}
	return all, nil
}

// issuers are the certificates that may be the leaf's issuer, with different keys, those of good paths first.
func (t *tally) issuers() []*x509.Certificate {
	var all []*x509.Certificate
	add := func(c *x509.Certificate) {
		same := func(o *x509.Certificate) bool {
			return bytes.Equal(o.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
		}
		if len(all) < issuersMax && bytes.Equal(c.RawSubject, t.q.Leaf().RawIssuer) && !slices.ContainsFunc(all, same) {
			all = append(all, c)
		}
	}
	for _, path := range t.q.Paths {
		if len(path) > 1 {
			add(path[1])
		}
	}
	for _, c := range t.q.Chain[1:] {
		add(c)
	}
	return all
}

// operators are the names of those whose logs vouch, sorted.
func (t *tally) operators() []string {
	var names []string
	for _, l := range t.vouch {
		name := fmt.Sprintf("%.60q", l.operator)
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
