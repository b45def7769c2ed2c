package policy_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/policy"
)

// TestNearest checks that a typo is recognised, and that nobody is told the opposite of what he wrote.
func TestNearest(t *testing.T) {
	tests := []struct {
		name, wrong string
		words       []string
		want        string
	}{
		{"ok letter left out", "sft", []string{"off", "soft", "hard"}, "soft"},
		{"ok letters swapped", "complian", []string{"enforce", "complain"}, "complain"},
		{"bad opposite", "on", []string{"off", "soft", "hard"}, ""},
		{"bad nothing", "", []string{"a", "b"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := policy.Nearest(tt.wrong, tt.words); got != tt.want {
				t.Errorf("nearest to %q: got %q, want %q", tt.wrong, got, tt.want)
			}
		})
	}
}
