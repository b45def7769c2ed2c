package policy_test

import (
	"errors"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// TestChecks: a program turns on what the policy leaves open, and nothing off that it demands.
func TestChecks(t *testing.T) {
	const all = abi.CheckRevocation | abi.CheckStapled | abi.CheckOCSP | abi.CheckCRL | abi.CheckCached
	settings := func(w policy.Weight, s judge.Sources) policy.Settings {
		in := policy.Default()
		in.Validation.Rules[policy.JudgeRevocation].Weight, in.Validation.Sources = w, s
		return in
	}
	none, every := judge.Sources{}, judge.Sources{Stapled: true, OCSP: true, CRL: true}
	for _, tt := range []struct {
		name   string
		in     policy.Settings
		r      abi.Request
		want   abi.Checks
		weaker bool
	}{
		{"ok nothing", settings(policy.Off, every), abi.Request{}, 0, false},
		{"ok soft is not on", settings(policy.Soft, every), abi.Request{}, 0, false},
		{"ok the policy's", settings(policy.Hard, every), abi.Request{}, all, false},
		{"ok turned on, by the policy's sources", settings(policy.Off, every), abi.Request{Checks: abi.CheckRevocation}, all, false},
		{"ok from soft", settings(policy.Soft, none), abi.Request{Checks: abi.CheckCached}, abi.CheckRevocation | abi.CheckCached, false},
		{"ok one source more", settings(policy.Hard, none), abi.Request{Checks: abi.CheckCRL}, abi.CheckRevocation | abi.CheckCached | abi.CheckCRL, false},
		{"ok a staple of one's own", settings(policy.Off, every), abi.Request{Checks: abi.StapleOwn}, abi.StapleOwn, false},
		{"ok off what is off", settings(policy.Off, every), abi.Request{Unchecked: all | abi.StapleOwn}, 0, false},
		{"bad off what is on", settings(policy.Hard, every), abi.Request{Unchecked: abi.CheckRevocation}, 0, true},
		{"bad a source off", settings(policy.Hard, every), abi.Request{Unchecked: abi.CheckOCSP}, 0, true},
		{"bad off beside on", settings(policy.Hard, every), abi.Request{Checks: abi.CheckCRL, Unchecked: abi.CheckStapled}, 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := policy.Narrow(tt.in, tt.r)
			var f *abi.Failure
			if weaker := errors.As(err, &f) && f.Kind == abi.Weaker; weaker != tt.weaker || err != nil && !weaker {
				t.Fatalf("Narrow: %v", err)
			}
			if got := out.Checks(); err == nil && got != tt.want {
				t.Errorf("on: %v, want %v", got.Options(), tt.want.Options())
			}
			if rule := out.Validation.Rules[policy.JudgeRevocation]; out.Checks()&all != 0 && rule.Side != policy.Necessary {
				t.Errorf("the judge is in the %s", rule.Side)
			}
		})
	}
}
