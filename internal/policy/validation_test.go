package policy_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/policy"
)

const pinA, pinB = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

// decide is what is in force for a program and a host.
func decide(t *testing.T, text, exe, host string) policy.Decision {
	t.Helper()
	return parse(t, text).Decide(policy.Subject{Exe: exe}, policy.Client, policy.Dest{Host: host, Port: 443}, today())
}

// TestRules: a section overrides the parts of a rule it writes.
func TestRules(t *testing.T) {
	const text = `
[validation]
threshold = 1
[validation.dane]
mode = "soft"
group = "congress"
resolver = "::1"
[[validation.plugin]]
name = "x"
path = "/x"
mode = "soft"
[profile.a]
match = { exe = "/a" }
[profile.a.validation.dane]
timeout = "5s"
mode = "hard"
[[profile.a.validation.plugin]]
name = "x"
mode = "hard"
[[profile.a.destination]]
host = "b.example"
[profile.a.destination.validation.dane]
abstain_is = "invalid"
`
	for _, tt := range []struct{ name, exe, host, dane, plugin string }{
		{"ok global", "/z", "b.example", "soft, congress, abstain_is abstain, error_is invalid, timeout 2s",
			"x (soft, necessary, abstain_is abstain, error_is invalid, timeout 2s)"},
		{"ok profile", "/a", "c.example", "hard, congress, abstain_is abstain, error_is invalid, timeout 5s",
			"x (hard, necessary, abstain_is abstain, error_is invalid, timeout 2s)"},
		{"ok destination", "/a", "b.example", "hard, congress, abstain_is invalid, error_is invalid, timeout 5s",
			"x (hard, necessary, abstain_is abstain, error_is invalid, timeout 2s)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := decide(t, text, tt.exe, tt.host).Settings
			if got := s.Show(policy.KeyDANE); got != tt.dane {
				t.Errorf("dane (-want +got):\n-%s\n+%s", tt.dane, got)
			}
			if got := s.Show(policy.KeyPlugins); got != tt.plugin {
				t.Errorf("plugins (-want +got):\n-%s\n+%s", tt.plugin, got)
			}
			if p := s.Validation.Plugins[0]; p.Path != "/x" {
				t.Errorf("the plugin is %q", p.Path)
			}
		})
	}
}

// TestPins: lists of sections add up; in a list the most specific pattern counts, and equal ones together.
func TestPins(t *testing.T) {
	text := `
[[validation.pins.host]]
pattern = "*.example"
sha256 = "sha256//` + pinA + `"
[[validation.pins.host]]
pattern = "b.example"
sha256 = "` + pinB + `"
[[validation.pins.host]]
pattern = "b.example"
sha256 = "` + pinA + `"
[profile.a]
match = { exe = "/a" }
[[profile.a.validation.pins.host]]
pattern = "b.example"
sha256 = "` + pinB + `"
`
	s := decide(t, text, "/a", "b.example").Settings
	if n := len(s.Validation.Pins); n != 2 {
		t.Fatalf("%d lists", n)
	}
	for _, tt := range []struct {
		name, host string
		list       int
		want       string
	}{
		{"ok pattern", "a.example", 0, pinA},
		{"ok the most specific ones", "b.example", 0, pinB + pinA},
		{"ok the profile's", "b.example", 1, pinB},
		{"ok none", "b.test", 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := ""
			for _, h := range s.Validation.Pins[tt.list].For(policy.Dest{Host: tt.host}) {
				for _, p := range h.Pins {
					got += p.String()
				}
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestExpiredWeakening: once its exception is dead a weaker rule counts as not written.
func TestExpiredWeakening(t *testing.T) {
	const text = `
allow_weaker = { reason = "r", expires = 2026-12-05 }
[validation.standard]
mode = "soft"
`
	p := parse(t, text)
	for _, tt := range []struct {
		days int
		want policy.Weight
	}{{0, policy.Soft}, {10, policy.Hard}} {
		s := p.Global(today().AddDate(0, 0, tt.days))
		if got := s.Validation.Rules[policy.JudgeStandard].Weight; got != tt.want {
			t.Errorf("after %d days: %s, want %s", tt.days, got, tt.want)
		}
	}
}
