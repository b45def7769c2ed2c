// Package panel asks the judges of a peer's certificates and decides by their answers. It knows how answers count, and
// no judge itself.
//
// The life of a question, file by file:
//
//  1. panel.go asks standard validation, and then all others at once, each within its own time.
//  2. memory.go spares asking a judge whose answer still holds.
//  3. outcome.go counts the answers and says who decided.
package panel

import (
	"context"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// rememberedMax bounds the verdicts kept, unless told otherwise.
const rememberedMax = 4096

// Config is what a panel needs.
type Config struct {
	// Find gives the judge of a name that outlives a connection; nil is none.
	Find func(name string) judge.Judge
	// Remembered bounds the verdicts kept; 0 is 4096.
	Remembered int
}

// A Panel asks judges. It is safe for concurrent use.
type Panel struct {
	lookUp func(string) judge.Judge
	memory *memory
}

// New makes a panel.
func New(c Config) *Panel {
	if c.Remembered == 0 {
		c.Remembered = rememberedMax
	}
	if c.Find == nil {
		c.Find = func(string) judge.Judge { return nil }
	}
	return &Panel{lookUp: c.Find, memory: newMemory(c.Remembered)}
}

// Forget drops every verdict kept, because what judges know has changed.
func (p *Panel) Forget() { p.memory.forget() }

// A Case is what a panel is to decide.
type Case struct {
	// Rules say which judges are asked, and how they count.
	Rules *policy.Validation
	// Own are judges of this connection alone, instead of the panel's of the same name. Standard validation is always
	// among them.
	Own      []judge.Judge
	Question *judge.Question
	// Thorough has every judge asked although the outcome is clear.
	Thorough bool
}

// A Finding is what one judge said.
type Finding struct {
	Judge   string
	Rule    policy.Rule
	Verdict judge.Verdict
	// Took is how long the judge took; 0 for an answer given before.
	Took   time.Duration
	Before bool
}

// member is a judge with its rule.
type member struct {
	name  string
	rule  policy.Rule
	judge judge.Judge
}

// members are those that are to be asked, standard validation first.
func (p *Panel) members(c Case) (all []member) {
	add := func(name string, r policy.Rule) {
		if r.Weight != policy.Off {
			all = append(all, member{name, r, p.find(c, name)})
		}
	}
	for _, j := range policy.Judges() {
		add(j.String(), c.Rules.Rules[j])
	}
	for i := range c.Rules.Plugins {
		add(c.Rules.Plugins[i].Name, c.Rules.Plugins[i].Rule)
	}
	return all
}

func (p *Panel) find(c Case, name string) judge.Judge {
	for _, j := range c.Own {
		if j.Name() == name {
			return j
		}
	}
	if j := p.lookUp(name); j != nil {
		return j
	}
	return absent(name)
}

// absent stands for a judge that is not there.
type absent string

func (a absent) Name() string { return string(a) }

func (a absent) Judge(context.Context, *judge.Question) judge.Verdict {
	return judge.Errorf("this judge is not available here")
}

// Ask puts a case before the judges. Standard validation comes first: it finds the paths that the others look at. What
// it refuses for good is shown to nobody else, so that a stranger's certificate does not make others act.
func (p *Panel) Ask(ctx context.Context, c Case) Outcome {
	if len(c.Question.Chain) == 0 {
		return Outcome{Err: abi.Failf(abi.Rejected, "the %s sent no certificate", c.Question.Role)}
	}
	all := p.members(c)
	findings := make([]Finding, 0, len(all))
	if len(all) > 0 && all[0].name == judge.Standard {
		findings = append(findings, all[0].ask(ctx, c.Question))
		all = all[1:]
		if !c.Thorough && findings[0].alone() {
			return decide(c.Rules, findings)
		}
	} else {
		c.path(ctx)
	}
	if len(all) > 0 {
		findings = append(findings, p.others(ctx, all, c.Question)...)
	}
	return decide(c.Rules, findings)
}

// path has standard validation find paths although its answer is not wanted.
func (c Case) path(ctx context.Context) {
	for _, j := range c.Own {
		if j.Name() == judge.Standard {
			_ = j.Judge(ctx, c.Question)
		}
	}
}

// alone says whether the finding decides, whatever others say.
func (f Finding) alone() bool {
	return f.Rule.Weight == policy.Hard && f.Rule.Side == policy.Necessary && f.counts() == judge.Invalid
}

// others asks all at the same time, except those whose answer is known.
func (p *Panel) others(ctx context.Context, all []member, q *judge.Question) []Finding {
	findings := make([]Finding, len(all))
	key := p.memory.asks(q)
	var work sync.WaitGroup
	for i, m := range all {
		if v, ok := p.memory.find(key(m.name), q.Time); ok {
			findings[i] = Finding{Judge: m.name, Rule: m.rule, Verdict: v, Before: true}
			continue
		}
		work.Go(func() {
			findings[i] = m.ask(ctx, q)
			p.memory.keep(key(m.name), findings[i].Verdict, q.Time)
		})
	}
	work.Wait()
	return findings
}

// ask asks one judge, which has its own time. A panic is its error and no one else's.
func (m member) ask(ctx context.Context, q *judge.Question) (f Finding) {
	f = Finding{Judge: m.name, Rule: m.rule, Verdict: judge.Errorf("the judge met an internal error")}
	begun := time.Now()
	defer func() {
		_ = recover() // the verdict is set
		f.Took = time.Since(begun)
	}()
	ctx, cancel := context.WithTimeout(ctx, m.rule.Timeout)
	defer cancel()
	v := m.judge.Judge(ctx, q)
	if ctx.Err() != nil && v.Answer == judge.Error {
		v.Reason = "no answer within " + m.rule.Timeout.String() + ": " + v.Reason
		v.Until = time.Time{}
	}
	f.Verdict = v
	return f
}
