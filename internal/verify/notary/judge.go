// Package notary judges servers by what others see: notaries, asked over TLS, say which keys a server shows to them. Who
// stands between us and the server, but not between the notaries and it, is found out. It knows no TLS: connections to
// the notaries are made by who configures it.
package notary

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Bounds and times.
const (
	// NotariesMax bounds the notaries of a policy.
	NotariesMax = 16
	// recent is how long ago, by its own clock, a notary must have seen a key for it to count.
	recent = 24 * time.Hour
	// agreed and differed are how long a verdict lasts.
	agreed   = 10 * time.Minute
	differed = time.Minute
)

// A Notary is somebody who looks at servers.
type Notary struct {
	// Name is the notary's in reasons.
	Name string
	// Address is a host and a port; Pins are the digests of the keys its certificate may have.
	Address string
	Pins    [][sha256.Size]byte
}

// Config is what the judge is made of.
type Config struct {
	Notaries []Notary
	// Agree is how many must see the key that we see; 0 is the smallest majority.
	Agree int
	// Inside asks also about servers at addresses that are not of the Internet. The notaries must be inside too, and learn
	// the names.
	Inside bool
	// Dial makes a TLS connection to a notary that has proved its key.
	Dial func(context.Context, Notary) (net.Conn, error)
}

// Judge is the judge.
type Judge struct {
	config Config
}

// New makes the judge.
func New(c Config) (*Judge, error) {
	if c.Agree == 0 {
		c.Agree = len(c.Notaries)/2 + 1
	}
	switch n := len(c.Notaries); {
	case n == 0:
		return nil, errors.New("there is no notary")
	case n > NotariesMax:
		return nil, fmt.Errorf("%d notaries, more than %d", n, NotariesMax)
	case c.Agree < 1 || c.Agree > n:
		return nil, fmt.Errorf("%d of %d notaries cannot agree", c.Agree, n)
	case c.Dial == nil:
		return nil, errors.New("there is no way to reach notaries")
	}
	for _, n := range c.Notaries {
		if len(n.Pins) == 0 {
			return nil, fmt.Errorf("notary %q has no key", n.Name)
		}
	}
	return &Judge{config: c}, nil
}

// Name is the judge's name.
func (j *Judge) Name() string { return judge.Notaries }

// Judge is judge.Judge:
//
//  1. abstain for clients, and for servers that notaries cannot see: those inside;
//  2. valid when enough notaries have seen the server's key lately;
//  3. invalid when so many have seen other keys that no more answers could change it;
//  4. abstain when too many notaries do not see the server at all;
//  5. error when too many notaries gave no answer.
func (j *Judge) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	if why := j.unseen(q); why != "" {
		return judge.Abstainf("%s", why).For(q, agreed)
	}
	ctx, cancel := context.WithCancel(ctx)
	votes := make(chan vote, len(j.config.Notaries))
	for _, n := range j.config.Notaries {
		go func() { votes <- j.vote(ctx, n, q) }()
	}
	c := count{need: j.config.Agree, left: len(j.config.Notaries)}
	for c.left > 0 && !c.clear() {
		c.add(<-votes)
	}
	v := c.verdict(q)
	cancel()
	for range c.left { // whoever was asked ends before the question does
		<-votes
	}
	return v
}

// unseen is why notaries cannot see a peer, empty when they can.
func (j *Judge) unseen(q *judge.Question) string {
	host := strings.Trim(q.Host, "[]")
	switch {
	case q.Role == judge.Client:
		return "nobody else sees a client"
	case host == "":
		return "the server has no name to ask notaries for"
	case j.config.Inside:
		return ""
	case q.Remote.IsValid() && fetch.Inside(q.Remote.Addr()):
		return fmt.Sprintf("notaries do not see %s, which is not an address of the Internet", q.Remote.Addr())
	}
	if a, err := netip.ParseAddr(host); err == nil && fetch.Inside(a) {
		return fmt.Sprintf("notaries do not see %s, which is not an address of the Internet", a)
	}
	return ""
}

// opinion is what one notary says about the server's key.
type opinion int

const (
	failed opinion = iota
	blind
	differs
	agrees
	opinions
)

type vote struct {
	opinion opinion
	text    string
}

// vote asks a notary and compares.
func (j *Judge) vote(ctx context.Context, n Notary, q *judge.Question) vote {
	host := strings.ToLower(strings.TrimSuffix(strings.Trim(q.Host, "[]"), "."))
	r, err := j.ask(ctx, n, host, q.Port)
	if errors.Is(err, errBlind) {
		return vote{blind, fmt.Sprintf("%s: %v", n.Name, err)}
	}
	if err != nil {
		return vote{failed, fmt.Sprintf("%s gave no answer: %.200q", n.Name, err.Error())}
	}
	lately := slices.DeleteFunc(r.Seen, func(o Observation) bool { return r.Now.Sub(o.Last) > recent })
	key := Digest(sha256.Sum256(q.Leaf().RawSubjectPublicKeyInfo))
	switch {
	case slices.ContainsFunc(lately, func(o Observation) bool { return o.Key == key }):
		return vote{agrees, n.Name}
	case len(lately) == 0:
		return vote{blind, fmt.Sprintf("%s does not see the server: %.200q", n.Name, r.Error)}
	}
	return vote{differs, fmt.Sprintf("%s sees another key, since %s", n.Name, lately[0].First.UTC().Format(time.RFC3339))}
}

// count adds votes up.
type count struct {
	need, left int
	votes      [opinions]int
	texts      [opinions][]string
}

func (c *count) add(v vote) {
	c.left--
	c.votes[v.opinion]++
	c.texts[v.opinion] = append(c.texts[v.opinion], v.text)
}

// clear says whether the votes that are left cannot change the verdict.
func (c *count) clear() bool {
	return c.votes[agrees] >= c.need || c.votes[agrees]+c.votes[failed]+c.votes[blind]+c.left < c.need
}

// verdict is what the votes come to.
func (c *count) verdict(q *judge.Question) judge.Verdict {
	need := fmt.Sprintf("%d must", c.need)
	texts := strings.Join(slices.Concat(c.texts[differs], c.texts[blind], c.texts[failed]), "; ")
	switch agree, fail, none := c.votes[agrees], c.votes[failed], c.votes[blind]; {
	case agree >= c.need:
		return judge.Validf("%d notaries see the same key: %s", agree, strings.Join(c.texts[agrees], ", ")).For(q, agreed)
	case agree+fail+none+c.left < c.need:
		return judge.Invalidf(abi.Rejected, "%d notaries see the same key, and %s: %s", agree, need, texts).For(q, differed)
	case agree+fail < c.need:
		return judge.Abstainf("%d notaries see the same key, and %s: %s", agree, need, texts).For(q, differed)
	}
	return judge.Errorf("%d notaries see the same key, and %s: %s", c.votes[agrees], need, texts)
}
