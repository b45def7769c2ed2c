package judge_test

import (
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// TestZero: a verdict that nobody filled in is an error, and one without a life is not kept.
func TestZero(t *testing.T) {
	var v judge.Verdict
	if v.Answer != judge.Error || v.Answer.String() != "error" {
		t.Errorf("the zero verdict is %s", v.Answer)
	}
	q := &judge.Question{Time: time.Unix(1000, 0)}
	if v = v.For(q, -time.Second); !v.Until.IsZero() {
		t.Errorf("kept until %v", v.Until)
	}
	if v = v.For(q, time.Second); !v.Until.Equal(time.Unix(1001, 0)) {
		t.Errorf("kept until %v", v.Until)
	}
}

func TestVerdicts(t *testing.T) {
	for want, v := range map[string]judge.Verdict{
		"valid":   judge.Validf("found %d", 1),
		"invalid": judge.Invalidf(abi.Revoked, "found %d", 1),
		"abstain": judge.Abstainf("found %d", 1),
		"error":   judge.Errorf("found %d", 1),
	} {
		if v.Answer.String() != want || v.Reason != "found 1" {
			t.Errorf("%s: %s, %q", want, v.Answer, v.Reason)
		}
	}
}
