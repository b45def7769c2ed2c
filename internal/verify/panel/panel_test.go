package panel_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/panel"
)

// fake is a judge that gives a verdict, and counts how often.
type fake struct {
	name    string
	verdict judge.Verdict
	asked   atomic.Int32
	delay   time.Duration
}

func (f *fake) Name() string { return f.name }

func (f *fake) Judge(ctx context.Context, _ *judge.Question) judge.Verdict {
	f.asked.Add(1)
	if f.delay == 0 {
		return f.verdict
	}
	select {
	case <-time.After(f.delay):
		return f.verdict
	case <-ctx.Done():
		return judge.Errorf("gave up")
	}
}

// rules are those of a policy.
func rules(edit func(*policy.Validation)) *policy.Validation {
	v := policy.Default().Validation
	edit(&v)
	return &v
}

func verdict(a judge.Answer) judge.Verdict {
	return judge.Verdict{Answer: a, Kind: abi.Rejected, Reason: "as told"}
}

// ask has a panel of fakes decide.
func ask(t *testing.T, v *policy.Validation, c panel.Case, judges ...judge.Judge) panel.Outcome {
	t.Helper()
	c.Rules = v
	if c.Question == nil {
		c.Question = &judge.Question{Host: "a.example", Chain: []*x509.Certificate{{}}, Time: time.Unix(1000, 0)}
	}
	c.Own = judges
	return panel.New(panel.Config{}).Ask(t.Context(), c)
}

// TestEveryAnswer: each answer of a judge, in each group, counted in each way.
func TestEveryAnswer(t *testing.T) {
	all := []judge.Answer{judge.Valid, judge.Invalid, judge.Abstain, judge.Error}
	for _, side := range []policy.Side{policy.Necessary, policy.Congress} {
		for _, answer := range all {
			for _, as := range []judge.Answer{judge.Valid, judge.Invalid, judge.Abstain} {
				want := answer == judge.Valid || (answer == judge.Abstain || answer == judge.Error) && as == judge.Valid ||
					answer == judge.Abstain && as == judge.Abstain && side == policy.Necessary
				if answer == judge.Error && as == judge.Abstain {
					continue // no policy says so
				}
				t.Run(fmt.Sprintf("%s %s is %s", side, answer, as), func(t *testing.T) {
					v := rules(func(v *policy.Validation) {
						r := &v.Rules[policy.JudgeDANE]
						r.Weight, r.Side, r.AbstainIs, r.ErrorIs = policy.Hard, side, as, as
					})
					o := ask(t, v, panel.Case{}, &fake{name: judge.Standard, verdict: verdict(judge.Valid)}, &fake{name: judge.DANE, verdict: verdict(answer)})
					if (o.Err == nil) != want {
						t.Errorf("refused: %v, want accepted: %v", o.Err, want)
					}
					v.Rules[policy.JudgeDANE].Weight = policy.Soft
					if o := ask(t, v, panel.Case{}, &fake{name: judge.Standard, verdict: verdict(judge.Valid)}, &fake{name: judge.DANE, verdict: verdict(answer)}); o.Err != nil || len(o.Findings) != 2 {
						t.Errorf("soft: %v, %v", o.Err, o.Findings)
					}
				})
			}
		}
	}
}

func TestCongress(t *testing.T) {
	names := []string{judge.Pins, judge.Revocation, judge.DANE, judge.Notaries}
	for _, tt := range []struct {
		name      string
		answers   [4]judge.Answer
		threshold float64
		ok        bool
	}{
		{"ok all", [4]judge.Answer{judge.Valid, judge.Valid, judge.Valid, judge.Valid}, 1, true},
		{"ok half", [4]judge.Answer{judge.Valid, judge.Valid, judge.Invalid, judge.Invalid}, 0.5, true},
		{"ok of those that vote", [4]judge.Answer{judge.Valid, judge.Abstain, judge.Abstain, judge.Invalid}, 0.5, true},
		{"bad just below", [4]judge.Answer{judge.Valid, judge.Valid, judge.Invalid, judge.Invalid}, 0.51, false},
		{"bad an error votes", [4]judge.Answer{judge.Valid, judge.Error, judge.Error, judge.Abstain}, 0.5, false},
		{"bad nobody votes", [4]judge.Answer{judge.Abstain, judge.Abstain, judge.Abstain, judge.Abstain}, 0.1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := []judge.Judge{&fake{name: judge.Standard, verdict: verdict(judge.Valid)}}
			v := rules(func(v *policy.Validation) {
				v.Threshold = tt.threshold
				for i, j := range []policy.Judge{policy.JudgePins, policy.JudgeRevocation, policy.JudgeDANE, policy.JudgeNotaries} {
					v.Rules[j].Weight, v.Rules[j].Side = policy.Hard, policy.Congress
					all = append(all, &fake{name: names[i], verdict: verdict(tt.answers[i])})
				}
			})
			if o := ask(t, v, panel.Case{}, all...); (o.Err == nil) != tt.ok {
				t.Errorf("got %v", o.Err)
			}
		})
	}
}

// TestKind: a revocation comes first, and only what is nothing but expired is expired.
func TestKind(t *testing.T) {
	for _, tt := range []struct {
		name           string
		standard, dane judge.Verdict
		want           abi.Kind
	}{
		{"expired", judge.Invalidf(abi.Expired, "old"), judge.Validf("fine"), abi.Expired},
		{"expired and rejected", judge.Invalidf(abi.Expired, "old"), judge.Invalidf(abi.Rejected, "no"), abi.Rejected},
		{"rejected and revoked", judge.Invalidf(abi.Rejected, "no"), judge.Invalidf(abi.Revoked, "gone"), abi.Revoked},
		{"expired and an error", judge.Invalidf(abi.Expired, "old"), judge.Errorf("lost"), abi.Rejected},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := rules(func(v *policy.Validation) { v.Rules[policy.JudgeDANE].Weight = policy.Hard })
			o := ask(t, v, panel.Case{Thorough: true}, &fake{name: judge.Standard, verdict: tt.standard}, &fake{name: judge.DANE, verdict: tt.dane})
			var f *abi.Failure
			if !errors.As(o.Err, &f) || f.Kind != tt.want {
				t.Fatalf("got %v", o.Err)
			}
			for _, want := range []string{"standard: ", "dane: ", tt.standard.Reason, tt.dane.Reason} {
				if !strings.Contains(f.Error(), want) {
					t.Errorf("%q is not in %q", want, f)
				}
			}
		})
	}
}

// TestStandardFirst: nobody else is asked about a peer that standard validation refuses for good.
func TestStandardFirst(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*policy.Validation)
		c    panel.Case
		want int32
	}{
		{"hard", func(*policy.Validation) {}, panel.Case{}, 0},
		{"hard, thorough", func(*policy.Validation) {}, panel.Case{Thorough: true}, 1},
		{"soft", func(v *policy.Validation) { v.Rules[policy.JudgeStandard].Weight = policy.Soft }, panel.Case{}, 1},
		{"of the congress", func(v *policy.Validation) { v.Rules[policy.JudgeStandard].Side = policy.Congress }, panel.Case{}, 1},
		{"soft, without a certificate", func(v *policy.Validation) { v.Rules[policy.JudgeStandard].Weight = policy.Soft },
			panel.Case{Question: &judge.Question{}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := rules(func(v *policy.Validation) { v.Rules[policy.JudgeDANE].Weight = policy.Hard; tt.edit(v) })
			dane := &fake{name: judge.DANE, verdict: verdict(judge.Abstain)}
			o := ask(t, v, tt.c, &fake{name: judge.Standard, verdict: verdict(judge.Invalid)}, dane)
			if o.Err == nil || dane.asked.Load() != tt.want {
				t.Errorf("asked %d times; %v", dane.asked.Load(), o.Err)
			}
		})
	}
}

// TestNobody: where judges count one must speak for the peer; a policy without any believes everybody.
func TestNobody(t *testing.T) {
	v := rules(func(v *policy.Validation) {
		v.Rules[policy.JudgeStandard].Weight, v.Rules[policy.JudgePins].Weight = policy.Soft, policy.Hard
	})
	standard := &fake{name: judge.Standard, verdict: verdict(judge.Valid)}
	if o := ask(t, v, panel.Case{}, standard, &fake{name: judge.Pins, verdict: verdict(judge.Abstain)}); o.Err == nil {
		t.Error("accepted although nobody who counts spoke for the peer")
	}
	v.Rules[policy.JudgePins].Weight = policy.Off
	if o := ask(t, v, panel.Case{}, standard); o.Err != nil {
		t.Errorf("without judges: %v", o.Err)
	}
}

// TestAbsent: a judge that the policy wants and nobody has is an error, which counts as such.
func TestAbsent(t *testing.T) {
	v := rules(func(v *policy.Validation) {
		v.Plugins = []policy.Plugin{{Name: "x", Rule: v.Rules[policy.JudgeStandard]}}
	})
	o := ask(t, v, panel.Case{}, &fake{name: judge.Standard, verdict: verdict(judge.Valid)})
	if o.Err == nil || !strings.Contains(o.Err.Error(), "x: error") || !strings.Contains(o.Err.Error(), "not available") {
		t.Errorf("got %v", o.Err)
	}
}

type broken struct{ fake }

func (b *broken) Judge(context.Context, *judge.Question) judge.Verdict { panic("bug") }

func TestPanic(t *testing.T) {
	v := rules(func(v *policy.Validation) { v.Rules[policy.JudgeDANE].Weight = policy.Hard })
	o := ask(t, v, panel.Case{}, &fake{name: judge.Standard, verdict: verdict(judge.Valid)}, &broken{fake{name: judge.DANE}})
	if o.Err == nil || !strings.Contains(o.Err.Error(), "internal error") {
		t.Errorf("got %v", o.Err)
	}
}

// TestTime: judges are asked at the same time, each has its own, and an answer given before is not waited for.
func TestTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := rules(func(v *policy.Validation) {
			v.Rules[policy.JudgeDANE].Weight, v.Rules[policy.JudgeDANE].Timeout = policy.Hard, 3*time.Second
			v.Rules[policy.JudgeNotaries].Weight, v.Rules[policy.JudgeNotaries].Timeout = policy.Soft, time.Second
		})
		now := time.Now()
		dane := &fake{name: judge.DANE, verdict: judge.Validf("found"), delay: 2 * time.Second}
		dane.verdict.Until = now.Add(time.Minute)
		notaries := &fake{name: judge.Notaries, verdict: judge.Validf("seen"), delay: 2 * time.Second}
		p := panel.New(panel.Config{Find: func(name string) judge.Judge {
			return map[string]judge.Judge{judge.DANE: dane, judge.Notaries: notaries}[name]
		}})
		c := panel.Case{Rules: v, Own: []judge.Judge{&fake{name: judge.Standard, verdict: judge.Validf("fine")}}}
		question := func() *judge.Question {
			return &judge.Question{Host: "a.example", Chain: []*x509.Certificate{{Raw: []byte{1}}}, Time: time.Now()}
		}
		c.Question = question()
		o := p.Ask(t.Context(), c)
		if took := time.Since(now); took != 2*time.Second || o.Err != nil {
			t.Errorf("took %v: %v", took, o.Err)
		}
		if f := o.Findings[2]; f.Verdict.Answer != judge.Error || !strings.Contains(f.Verdict.Reason, "no answer within 1s") {
			t.Errorf("notaries: %v", f)
		}
		v.Rules[policy.JudgeNotaries].Weight = policy.Off
		asked := func(q *judge.Question) bool {
			before := dane.asked.Load()
			c.Question = q
			if o := p.Ask(t.Context(), c); o.Err != nil || len(o.Findings) != 2 {
				t.Errorf("got %v", o)
			}
			return dane.asked.Load() > before
		}
		if asked(question()) {
			t.Error("asked again for what is known")
		}
		other := question()
		other.Chain = []*x509.Certificate{{Raw: []byte{2}}}
		if !asked(other) {
			t.Error("another chain got the answer of the first")
		}
		p.Forget()
		if !asked(question()) {
			t.Error("not asked after Forget")
		}
		time.Sleep(2 * time.Minute)
		if !asked(question()) {
			t.Error("not asked after the answer has run out")
		}
	})
}
