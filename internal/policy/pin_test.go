package policy_test

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/policy"
)

// TestParsePin reads digests as curl, HPKP and ssa write them; one in 64 begins with a slash.
func TestParsePin(t *testing.T) {
	plain, slash := strings.Repeat("A", 42)+"8=", "/"+strings.Repeat("A", 41)+"8="
	for _, row := range []struct{ name, text, want string }{
		{"ok alone", plain, plain},
		{"ok as HPKP writes it", "sha256/" + plain, plain},
		{"ok as curl writes it", "sha256//" + plain, plain},
		{"ok alone with a slash", slash, slash},
		{"ok as HPKP writes it with a slash", "sha256/" + slash, slash},
		{"ok as curl writes it with a slash", "sha256//" + slash, slash},
		{"bad too short", plain[4:], ""},
		{"bad another digest", "sha1/" + plain, ""},
		{"bad three slashes", "sha256///" + plain, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			pin, err := policy.ParsePin(row.text)
			if row.want == "" {
				if err == nil {
					t.Errorf("%q is taken for %v", row.text, pin)
				}
				return
			}
			if err != nil || pin.String() != row.want {
				t.Errorf("%q gives %v and %v, want %s", row.text, pin, err, row.want)
			}
		})
	}
}
