package policy

import (
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Validation is who judges a peer's certificates, and how the answers count.
type Validation struct {
	// Threshold is the share of valid answers that the congress must reach, above 0 and at most 1.
	Threshold float64
	// Rules are those of the built-in judges.
	Rules [judges]Rule
	// Plugins are judges that are programs of their own.
	Plugins []Plugin
	// Pins are the keys that hosts may have: one list for each section of the policy that has some, outermost first.
	// A peer must satisfy every list that names its host.
	Pins []PinList
	// TrustOnFirstUse is whether the key of a host without a pin is kept, and is a pin from then on.
	TrustOnFirstUse bool
	// Sources are where the revocation judge looks.
	Sources judge.Sources
	// Revocations are what it knows besides, Fetching is where it may ask.
	Revocations Revocations
	Fetching    Fetching
	// Resolver, Logs and Notaries are where the judges of those names get what they know from.
	Resolver Resolver
	Logs     Logs
	Notaries Witnesses
}

// A Judge is one of the built-in judges.
type Judge uint8

// The built-in judges, in the order in which they are shown.
const (
	JudgeStandard Judge = iota
	JudgePins
	JudgeRevocation
	JudgeDANE
	JudgeTransparency
	JudgeNotaries
	judges
)

// Judges are all built-in judges.
func Judges() []Judge {
	all := make([]Judge, judges)
	for i := range all {
		all[i] = Judge(i)
	}
	return all
}

// String is the judge's name in the files and in records.
func (j Judge) String() string {
	return [judges]string{
		judge.Standard, judge.Pins, judge.Revocation, judge.DANE, judge.Transparency, judge.Notaries,
	}[j]
}

// Key is the key of the judge's rule.
func (j Judge) Key() Key { return KeyStandard + Key(j) }

// A Weight is how much a judge's answer counts.
type Weight uint8

// The weights, least first.
const (
	// Off: the judge is not asked.
	Off Weight = iota
	// Soft: its answer is recorded and counts for nothing.
	Soft
	// Hard: its answer decides.
	Hard
)

// String is the weight's word in the files.
func (w Weight) String() string { return [...]string{"off", "soft", "hard"}[w] }

// A Side is the group of judges among which an answer counts.
type Side uint8

// The sides.
const (
	// Necessary: every one must say valid.
	Necessary Side = iota
	// Congress: the share of those that say valid must reach the threshold.
	Congress
)

// String is the side's word in the files.
func (s Side) String() string { return [...]string{"necessary", "congress"}[s] }

// ruleField is a part of a rule that a section may write.
type ruleField uint8

// The parts.
const (
	ruleWeight ruleField = 1 << iota
	ruleSide
	ruleAbstain
	ruleError
	ruleTimeout
)

// A Rule says how the answers of one judge count. Sections override it part by part.
type Rule struct {
	Weight Weight
	Side   Side
	// AbstainIs and ErrorIs are what these answers count as: judge.Valid or judge.Invalid. For AbstainIs there is also
	// judge.Abstain: the judge is counted as if it were not there.
	AbstainIs, ErrorIs judge.Answer
	// Timeout bounds how long the judge may take for one answer.
	Timeout time.Duration
	// written are the parts that a section has written; of no meaning in settings.
	written ruleField
}

// judgeTimeout is how long a judge may take unless the policy says otherwise.
const judgeTimeout = 2 * time.Second

// defaultRule is that of a judge the policy does not name. What a judge knows nothing about is left to the others;
// what it could not find out speaks against the peer.
func defaultRule() Rule {
	return Rule{Weight: Off, Side: Necessary, AbstainIs: judge.Abstain, ErrorIs: judge.Invalid, Timeout: judgeTimeout}
}

// SetWeight writes the weight.
func (r *Rule) SetWeight(w Weight) { r.Weight, r.written = w, r.written|ruleWeight }

// SetSide writes the side.
func (r *Rule) SetSide(s Side) { r.Side, r.written = s, r.written|ruleSide }

// SetAbstainIs writes what an abstention counts as.
func (r *Rule) SetAbstainIs(a judge.Answer) { r.AbstainIs, r.written = a, r.written|ruleAbstain }

// SetErrorIs writes what an error counts as.
func (r *Rule) SetErrorIs(a judge.Answer) { r.ErrorIs, r.written = a, r.written|ruleError }

// SetTimeout writes the time for one answer.
func (r *Rule) SetTimeout(d time.Duration) { r.Timeout, r.written = d, r.written|ruleTimeout }

// take overrides what the other rule has written.
func (r *Rule) take(o Rule) {
	if o.written&ruleWeight != 0 {
		r.Weight = o.Weight
	}
	if o.written&ruleSide != 0 {
		r.Side = o.Side
	}
	if o.written&ruleAbstain != 0 {
		r.AbstainIs = o.AbstainIs
	}
	if o.written&ruleError != 0 {
		r.ErrorIs = o.ErrorIs
	}
	if o.written&ruleTimeout != 0 {
		r.Timeout = o.Timeout
	}
	r.written |= o.written
}

// String is the rule as an administrator reads it.
func (r Rule) String() string {
	if r.Weight == Off {
		return r.Weight.String()
	}
	return strings.Join([]string{
		r.Weight.String(), r.Side.String(), "abstain_is " + r.AbstainIs.String(), "error_is " + r.ErrorIs.String(),
		"timeout " + r.Timeout.String(),
	}, ", ")
}

// weaker says in what a rule demands less than another, empty when in nothing.
func (r Rule) weaker(than Rule) string {
	switch {
	case than.Weight != Hard:
		return ""
	case r.Weight != Hard:
		return r.Weight.String()
	case than.Side == Necessary && r.Side == Congress:
		return r.Side.String()
	case lenient(r.AbstainIs) > lenient(than.AbstainIs):
		return "abstain_is " + r.AbstainIs.String()
	case lenient(r.ErrorIs) > lenient(than.ErrorIs):
		return "error_is " + r.ErrorIs.String()
	}
	return ""
}

// lenient orders what an answer may count as: the least lenient first.
func lenient(a judge.Answer) int {
	return [...]int{judge.Error: 0, judge.Invalid: 0, judge.Abstain: 1, judge.Valid: 2}[a]
}

// showShare is a share as the files have it.
func showShare(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// defaultValidation is the built-in one: standard validation decides alone.
func defaultValidation() Validation {
	v := Validation{Threshold: 1, Sources: judge.Sources{Stapled: true, OCSP: true, CRL: true}, Logs: Logs{Timestamps: 2, Operators: 2},
		Fetching: Fetching{Ports: []uint16{80, 443}}}
	for i := range v.Rules {
		v.Rules[i] = defaultRule()
	}
	v.Rules[JudgeStandard].Weight = Hard
	v.Rules[JudgeStandard].AbstainIs = judge.Invalid
	return v
}
