package config_test

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/policy"
)

// TestFetching: where revocations are known from is said at the top; an address that means nothing is refused.
func TestFetching(t *testing.T) {
	const profile = "[profile.a]\nmatch = { exe = \"/a\" }\n"
	for _, tt := range []struct {
		name, text string
		want       string
	}{
		{"ok", "[validation.fetch]\nallow = [\"10.0.0.0/8\", \"::1\"]\nports = 8080\nproxy = \"http://p.example:3128\"\n" +
			"[validation.revocation]\ncrl_files = [\"/a\", \"/b\"]\ncrlset = \"/c\"\nmax_age = \"24h\"", ""},
		{"bad allow", "[validation.fetch]\nallow = [\"inside\"]", `"inside" is no address and no prefix`},
		{"bad allow with host bits", "[validation.fetch]\nallow = [\"10.1.0.0/8\"]", `"10.1.0.0/8" is no address and no prefix`},
		{"bad allow with zone", "[validation.fetch]\nallow = [\"fe80::1%eth0\"]", "is no address and no prefix"},
		{"bad allow as text", "[validation.fetch]\nallow = \"10.0.0.0/8\"", "allow has to be an array"},
		{"bad port", "[validation.fetch]\nports = [80, 65536]", "it can be 1 to 65535"},
		{"bad ports empty", "[validation.fetch]\nports = []", "is empty"},
		{"bad proxy", "[validation.fetch]\nproxy = \"p.example:3128\"", "it has to be of the form"},
		{"bad proxy with path", "[validation.fetch]\nproxy = \"http://p.example:3128/x\"", "it has to be of the form"},
		{"bad proxy with password", "[validation.fetch]\nproxy = \"http://u:p@p.example:3128\"", "it has to be of the form"},
		{"bad key", "[validation.fetch]\nports_allowed = 1", `unknown key "ports_allowed"`},
		{"bad fetch of a profile", profile + "[profile.a.validation.fetch]\nports = 80", "is for all connections"},
		{"bad list", "[validation.revocation]\ncrl_files = [\"a.crl\"]", "has to be an absolute path"},
		{"bad list twice", "[validation.revocation]\ncrl_files = [\"/a\", \"/a\"]", "/a is listed twice"},
		{"bad lists too many", "[validation.revocation]\ncrl_files = [" + strings.Repeat(`"/x",`, 100) + "]", "twice"},
		{"bad set", "[validation.revocation]\ncrlset = \"c\"", "has to be an absolute path"},
		{"bad age", "[validation.revocation]\nmax_age = \"10000h\"", "it can be 0s to 8784h"},
		{"bad list of a profile", profile + "[profile.a.validation.revocation]\ncrl_files = [\"/a\"]", "is for all connections"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := config.Parse(options(), "p.toml", []byte(tt.text))
			err := r.Err()
			if tt.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				shows(t, r.Policy)
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v\nwant %s", err, tt.want)
			}
		})
	}
}

func shows(t *testing.T, p *policy.Policy) {
	t.Helper()
	s := p.Global(today())
	for k, want := range map[policy.Key]string{
		policy.KeyFetchAllow: "10.0.0.0/8 ::1/128", policy.KeyFetchPorts: "8080", policy.KeyFetchProxy: "http://p.example:3128",
		policy.KeyRevocationLists: "/a /b", policy.KeyRevocationSet: "/c", policy.KeyRevocationAge: "24h0m0s",
	} {
		if got := s.Show(k); got != want {
			t.Errorf("%s is %q, want %q", k, got, want)
		}
	}
	if n := len(p.Files()); n != 3 {
		t.Errorf("%d files are named", n)
	}
}
