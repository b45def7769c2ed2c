package panel

import (
	"fmt"
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// An Outcome is what a panel has decided.
type Outcome struct {
	// Findings are what the judges said that were asked, in the order of the policy.
	Findings []Finding
	// Err is why the peer is refused, as *abi.Failure; nil when it is not.
	Err error
}

// counts is what the answer counts as.
func (f Finding) counts() judge.Answer {
	switch f.Verdict.Answer {
	case judge.Abstain:
		return f.Rule.AbstainIs
	case judge.Valid, judge.Invalid:
		return f.Verdict.Answer
	case judge.Error:
	}
	return f.Rule.ErrorIs
}

// String is the judge with its answer, its reason and its time.
func (f Finding) String() string {
	took := "known before"
	if !f.Before {
		took = "in " + f.Took.Round(durationShown).String()
	}
	weight := ""
	if f.Rule.Weight == policy.Soft {
		weight = ", not counted"
	}
	return fmt.Sprintf("%s: %s (%s%s): %s", f.Judge, f.Verdict.Answer, took, weight, f.Verdict.Reason)
}

// durationShown is to what texts round times: a tenth of a millisecond.
const durationShown = 100_000

// decide counts the answers of the judges that count:
//
//  1. every necessary one must be for the peer;
//  2. of the congress the share that is for the peer must reach the threshold;
//  3. where judges count, one must be for the peer: nobody is believed for whom nobody speaks.
func decide(rules *policy.Validation, findings []Finding) Outcome {
	o := Outcome{Findings: findings}
	count := tally(findings)
	switch {
	case len(count.against) > 0:
		o.Err = o.refusal(count.against, "")
	case count.congress && !count.reaches(rules.Threshold):
		o.Err = o.refusal(count.minority, count.share(rules.Threshold))
	case count.hard && count.speakers == 0:
		o.Err = o.refusal(nil, "no judge knows this peer")
	}
	return o
}

// count is how the answers fell.
type count struct {
	// hard says that some judge counts, congress that some of them are of the congress.
	hard, congress bool
	// against are the necessary ones against the peer, minority those of the congress; speakers is how many are for it.
	against, minority []Finding
	speakers          int
	yes, votes        int
}

func tally(findings []Finding) (n count) {
	for _, f := range findings {
		if f.Rule.Weight != policy.Hard {
			continue
		}
		n.hard = true
		is := f.counts()
		if is == judge.Valid {
			n.speakers++
		}
		if f.Rule.Side == policy.Necessary {
			if is == judge.Invalid {
				n.against = append(n.against, f)
			}
			continue
		}
		n.congress = true
		n.vote(f, is)
	}
	return n
}

func (n *count) vote(f Finding, is judge.Answer) {
	if is == judge.Abstain {
		return
	}
	n.votes++
	if is == judge.Valid {
		n.yes++
		return
	}
	n.minority = append(n.minority, f)
}

func (n *count) reaches(threshold float64) bool {
	return n.votes > 0 && float64(n.yes) >= threshold*float64(n.votes)
}

func (n *count) share(threshold float64) string {
	return fmt.Sprintf("%d of the %d judges of the congress that vote say valid, and the threshold is %g", n.yes, n.votes, threshold)
}

// refusal words why a peer is refused. What standard validation says alone, it says in its own words.
func (o Outcome) refusal(by []Finding, why string) error {
	if len(o.Findings) == 1 && len(by) == 1 && why == "" && by[0].Judge == judge.Standard {
		return &abi.Failure{Kind: kind(by), Err: fmt.Errorf("%s", by[0].Verdict.Reason)}
	}
	if why == "" {
		var names []string
		for _, f := range by {
			names = append(names, f.Judge)
		}
		why = "refused by " + strings.Join(names, ", ") + ": " + by[0].Verdict.Reason
	}
	var all []string
	for _, f := range o.Findings {
		all = append(all, f.String())
	}
	return abi.Failf(kind(by), "%s [%s]", why, strings.Join(all, "; "))
}

// kind is the class of a refusal: a revocation comes first, and only what is nothing but expired is expired.
func kind(by []Finding) abi.Kind {
	is := func(k abi.Kind) func(Finding) bool {
		return func(f Finding) bool { return f.Verdict.Answer == judge.Invalid && f.Verdict.Kind == k }
	}
	switch {
	case slices.ContainsFunc(by, is(abi.Revoked)):
		return abi.Revoked
	case len(by) > 0 && !slices.ContainsFunc(by, func(f Finding) bool { return !is(abi.Expired)(f) }):
		return abi.Expired
	}
	return abi.Rejected
}
