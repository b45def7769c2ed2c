package policy_test

import (
	"testing"

	"github.com/securesocketapi/ssa/internal/policy"
)

func TestParseEndpoint(t *testing.T) {
	for _, row := range []struct{ name, in, want string }{
		{"ok name", "db.example.org:6380", "db.example.org:6380"},
		{"ok capitals and a dot", "DB.Example.org.:1", "db.example.org:1"},
		{"ok underscore", "_x.example:65535", "_x.example:65535"},
		{"ok IPv4", "192.0.2.1:443", "192.0.2.1:443"},
		{"ok IPv6", "[2001:DB8::1]:443", "[2001:db8::1]:443"},
		{"ok mapped IPv4", "[::ffff:192.0.2.1]:443", "192.0.2.1:443"},
		{"ok any", "*:443", "*:443"},
		{"bad without a port", "db.example.org", ""},
		{"bad empty port", "db.example.org:", ""},
		{"bad port 0", "db.example.org:0", ""},
		{"bad port too large", "db.example.org:65536", ""},
		{"bad port with a sign", "db.example.org:+1", ""},
		{"bad empty name", ":443", ""},
		{"bad empty label", "a..b:443", ""},
		{"bad IPv6 without brackets", "2001:db8::1:443", ""},
		{"bad IPv4 in brackets", "[192.0.2.1]:443", ""},
		{"bad name in brackets", "[name]:443", ""},
		{"bad zone", "[fe80::1%eth0]:443", ""},
		{"bad wildcard", "*.example.org:443", ""},
		{"bad hyphen first", "-a:443", ""},
		{"bad space", "a b:443", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			e, err := policy.ParseEndpoint(row.in)
			if err == nil != (row.want != "") || err == nil && e.String() != row.want {
				t.Errorf("ParseEndpoint(%q): %q, %v, want %q", row.in, e, err, row.want)
			}
		})
	}
}

// FuzzParseEndpoint checks that what is taken is taken again from its own text.
func FuzzParseEndpoint(f *testing.F) {
	f.Add("db.example.org:6380")
	f.Add("[::1]:443")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := policy.ParseEndpoint(s)
		if err != nil {
			return
		}
		if again, err := policy.ParseEndpoint(e.String()); err != nil || again != e {
			t.Errorf("%q became %q, and that %q, %v", s, e, again, err)
		}
	})
}
