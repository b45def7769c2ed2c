package revocation

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// inquiry is one question put to the sources.
type inquiry struct {
	judge    *Judge
	question *judge.Question
	sources  judge.Sources
}

// consult finds out about each certificate: first by what is at hand, then, all at the same time, by fetching.
func (in *inquiry) consult(ctx context.Context, all []subject) []finding {
	findings := make([]finding, len(all))
	for i, s := range all {
		findings[i] = in.atHand(s, i == 0)
	}
	for _, f := range findings {
		if f.state == revoked {
			return findings
		}
	}
	var work sync.WaitGroup
	for i, s := range all {
		if findings[i].state != good {
			work.Go(func() { findings[i] = in.fetch(ctx, s, findings[i]) })
		}
	}
	work.Wait()
	return findings
}

// atHand is what is known without asking anybody. The CRLSet, which is a selection, says good only when nobody else
// says anything; that is found out last, in fetch.
func (in *inquiry) atHand(s subject, leaf bool) finding {
	best := in.judge.files.about(s, in.question.Time, in.judge.c.Age)
	if set := in.judge.files.crlSetAbout(s, in.question.Time); set.state == revoked {
		return set
	}
	if leaf && in.sources.Stapled {
		best = best.over(in.staple(s))
	}
	if in.sources.OCSP {
		best = best.over(in.known(s, s.responseID()))
	}
	if in.sources.CRL {
		for _, url := range points(s.cert.CRLDistributionPoints) {
			best = best.over(in.known(s, s.listID(url)))
		}
	}
	return best
}

// known is what was fetched before. That it is out of date is no finding yet: it can be fetched.
func (in *inquiry) known(s subject, i id) finding {
	r := in.judge.store.find(i, in.question.Time)
	if r == nil {
		return finding{}
	}
	if f := r.about(s.cert, in.question.Time, in.judge.c.Age); f.state != failed {
		return f
	}
	return finding{}
}

// pointsMax bounds the responders, and the distribution points, that are asked about one certificate.
const pointsMax = 2

// points are the addresses that can be fetched from: LDAP's cannot.
func points(urls []string) (usable []string) {
	for _, u := range urls {
		if scheme, _, _ := strings.Cut(u, ":"); len(usable) < pointsMax && (strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")) {
			usable = append(usable, u)
		}
	}
	return usable
}

// fetch asks the sources that the certificate names, one after the other; each leaves time for those behind it.
func (in *inquiry) fetch(ctx context.Context, s subject, best finding) finding {
	set := in.judge.files.crlSetAbout(s, in.question.Time)
	asks := in.asks(s)
	for i, a := range asks {
		if best.state >= good {
			break
		}
		best = best.over(in.await(ctx, a, len(asks)-i))
	}
	return best.over(set)
}

// await waits for an answer for its share of the time.
func (in *inquiry) await(ctx context.Context, a ask, sharers int) finding {
	if end, ok := ctx.Deadline(); ok && sharers > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, time.Now().Add(time.Until(end)/time.Duration(sharers)))
		defer cancel()
	}
	r, err := in.judge.fetch(ctx, a, in.question.Time)
	if err != nil {
		return failedf("%s %.200q: %v", a.kind, a.url, err)
	}
	return r.about(a.subject.cert, in.question.Time, in.judge.c.Age)
}

// asks are the fetches that can answer, in order.
func (in *inquiry) asks(s subject) (all []ask) {
	if in.judge.c.Fetch == nil {
		return nil
	}
	if in.sources.OCSP {
		for _, url := range points(s.cert.OCSPServer) {
			all = append(all, ask{OCSP, url, s})
		}
	}
	if in.sources.CRL {
		for _, url := range points(s.cert.CRLDistributionPoints) {
			all = append(all, ask{CRL, url, s})
		}
	}
	return all
}

// staple is what the stapled response says about the leaf.
func (in *inquiry) staple(s subject) finding {
	if len(in.question.OCSP) == 0 {
		return finding{}
	}
	r, err := readResponse(in.question.OCSP, s, in.question.Time)
	if err != nil {
		return failedf("the stapled response: %v", err)
	}
	r.url = "stapled"
	return r.about(s.cert, in.question.Time, in.judge.c.Age)
}
