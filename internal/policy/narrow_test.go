package policy_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
)

// caps are those of an engine that cannot choose among the suites of TLS 1.3.
func caps() policy.Caps { return policy.Caps{Ciphers: policy.Default().Ciphers} }

const (
	suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
	suites12 = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256:" +
		"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384:" +
		"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
)

// ask makes a request of some options.
func ask(set func(*abi.Request)) abi.Request {
	var r abi.Request
	set(&r)
	return r
}

func names(s string) []string { return strings.Split(s, ":") }

func TestNarrow(t *testing.T) {
	yes, no, require, none := true, false, abi.PeerAuthRequire, abi.PeerAuthNone
	number := func(n int) *int { return &n }
	tests := []struct {
		name    string
		request abi.Request
		want    func(*policy.Settings)
	}{
		{"ok nothing asked", abi.Request{}, func(*policy.Settings) {}},
		{"ok the policy's own minimum", ask(func(r *abi.Request) { r.VersionMin = abi.VersionTLS12 }), func(*policy.Settings) {}},
		{"ok minimum raised", ask(func(r *abi.Request) { r.VersionMin = abi.VersionTLS13 }),
			func(s *policy.Settings) { s.VersionMin, s.Ciphers = abi.VersionTLS13, names(suites13) }},
		{"ok maximum lowered", ask(func(r *abi.Request) { r.VersionMax = abi.VersionTLS12 }),
			func(s *policy.Settings) { s.VersionMax, s.Ciphers = abi.VersionTLS12, names(suites12) }},
		{"ok suites by OpenSSL's names", ask(func(r *abi.Request) {
			r.TrustedCiphers = []string{"ECDHE-RSA-AES256-GCM-SHA384", "ecdhe-ecdsa-aes128-gcm-sha256"}
		}), func(s *policy.Settings) {
			s.VersionMax = abi.VersionTLS12
			s.Ciphers = []string{"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"}
		}},
		{"ok suites of TLS 1.3 only", ask(func(r *abi.Request) { r.TrustedCiphers = names(suites13) }),
			func(s *policy.Settings) { s.VersionMin, s.Ciphers = abi.VersionTLS13, names(suites13) }},
		{"ok all suites of TLS 1.3 and one other", ask(func(r *abi.Request) {
			r.TrustedCiphers = append(names(suites13), "ECDHE-RSA-AES128-GCM-SHA256")
		}), func(s *policy.Settings) { s.Ciphers = append(names(suites13), "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") }},
		{"ok one suite disabled", ask(func(r *abi.Request) { r.DisabledCiphers = []string{"ECDHE-RSA-AES128-GCM-SHA256"} }),
			func(s *policy.Settings) {
				s.Ciphers = slices.DeleteFunc(s.Ciphers, func(n string) bool { return n == "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" })
			}},
		{"ok a suite disabled that is not allowed anyway", ask(func(r *abi.Request) { r.DisabledCiphers = []string{"RC4-SHA"} }),
			func(*policy.Settings) {}},
		{"ok a suite of TLS 1.3 disabled where TLS 1.3 is", ask(func(r *abi.Request) {
			r.VersionMax, r.DisabledCiphers = abi.VersionTLS12, names(suites13)[:1]
		}), func(s *policy.Settings) { s.VersionMax, s.Ciphers = abi.VersionTLS12, names(suites12) }},
		{"ok resumption off", ask(func(r *abi.Request) { r.SessionTTL = number(0) }), func(s *policy.Settings) { s.SessionTTL = 0 }},
		{"ok longest session", ask(func(r *abi.Request) { r.SessionTTL = number(24 * 3600) }),
			func(s *policy.Settings) { s.SessionTTL = 24 * 3600 }},
		{"ok no reuse", ask(func(r *abi.Request) { r.SessionReuse = &no }), func(s *policy.Settings) { s.SessionReuse = false }},
		{"ok reuse", ask(func(r *abi.Request) { r.SessionReuse = &yes }), func(*policy.Settings) {}},
		{"ok client certificates required", ask(func(r *abi.Request) { r.PeerAuth = &require }),
			func(s *policy.Settings) { s.PeerAuth = abi.PeerAuthRequire }},
		{"ok anchors ask for client certificates", ask(func(r *abi.Request) { r.TrustAnchors = []byte("x") }),
			func(s *policy.Settings) { s.PeerAuth = abi.PeerAuthRequest }},
		{"ok anchors without", ask(func(r *abi.Request) { r.TrustAnchors, r.PeerAuth = []byte("x"), &none }), func(*policy.Settings) {}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := policy.Default()
			tt.want(&want)
			got, err := policy.Narrow(policy.Default(), tt.request)
			if err == nil {
				got, err = caps().Fit(got)
			}
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			if !equal(got, want) {
				t.Errorf("settings (-want +got):\n-%+v\n+%+v", want, got)
			}
		})
	}
}

func equal(a, b policy.Settings) bool {
	same := slices.Equal(a.Ciphers, b.Ciphers)
	return same && a.VersionMin == b.VersionMin && a.VersionMax == b.VersionMax && a.SessionTTL == b.SessionTTL &&
		a.SessionReuse == b.SessionReuse && a.PeerAuth == b.PeerAuth && a.Limits == b.Limits
}

func TestNarrowRefuses(t *testing.T) {
	number := func(n int) *int { return &n }
	all := append(names(suites13), names(suites12)...)
	tests := []struct {
		name    string
		request abi.Request
		kind    abi.Kind
		text    string
	}{
		{"bad minimum below the policy's", abi.Request{VersionMin: abi.VersionTLS11}, abi.Weaker, "TLS_VERSION_MIN: TLS 1.1 is below TLS 1.2"},
		{"bad maximum below the minimum", abi.Request{VersionMin: abi.VersionTLS13, VersionMax: abi.VersionTLS12}, abi.Invalid,
			"TLS_VERSION_MAX (TLS 1.2) is below TLS_VERSION_MIN (TLS 1.3)"},
		{"bad maximum below the policy's minimum", abi.Request{VersionMax: abi.VersionTLS11}, abi.Weaker, "TLS_VERSION_MAX: TLS 1.1 is below"},
		{"bad minimum of no version", abi.Request{VersionMin: 3}, abi.Invalid, "0x0003 is not a protocol version"},
		{"bad maximum of no version", abi.Request{VersionMax: 0x0305}, abi.Invalid, "0x0305 is not a protocol version"},
		{"bad suite unknown", abi.Request{TrustedCiphers: []string{"ECDHE-RSA-AES256-GCM-SHA385"}}, abi.Invalid,
			"did you mean ECDHE-RSA-AES256-GCM-SHA384?"},
		{"bad suite disabled unknown", abi.Request{DisabledCiphers: []string{"TLS_AES_256_GCM_SHA"}}, abi.Invalid,
			"did you mean TLS_AES_256_GCM_SHA384?"},
		{"bad group of suites", abi.Request{TrustedCiphers: []string{"HIGH"}}, abi.Invalid, "a group of OpenSSL's cipher lists"},
		{"bad operator", abi.Request{TrustedCiphers: []string{"!aNULL"}}, abi.Invalid, "an operator of OpenSSL's cipher lists"},
		{"bad suite the policy does not allow", abi.Request{TrustedCiphers: []string{"AES128-SHA"}}, abi.Weaker,
			"the built-in policy does not allow AES128-SHA"},
		{"bad everything disabled", abi.Request{DisabledCiphers: all}, abi.Invalid, "leaves no cipher suite"},
		{"bad suites against the version", abi.Request{VersionMax: abi.VersionTLS12, TrustedCiphers: names(suites13)}, abi.Invalid,
			"leaves no cipher suite for TLS 1.2"},
		{"bad some suites of TLS 1.3", abi.Request{TrustedCiphers: names("TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES256-GCM-SHA384")},
			abi.Unsupported, "cannot choose among the cipher suites of TLS 1.3: allow all of " + suites13},
		{"bad one suite of TLS 1.3 disabled", abi.Request{DisabledCiphers: names(suites13)[:1]}, abi.Unsupported, "TLS_VERSION_MAX to 0x0303"},
		{"bad no suite of TLS 1.3 for TLS 1.3", abi.Request{VersionMin: abi.VersionTLS13, TrustedCiphers: names(suites12)}, abi.Invalid,
			"leaves no cipher suite for TLS 1.3"},
		{"bad life negative", abi.Request{SessionTTL: number(-1)}, abi.Invalid, "-1 is not a life in seconds"},
		{"bad life beyond the protocol's", abi.Request{SessionTTL: number(abi.SessionTTLMax + 1)}, abi.Invalid, "is not a life"},
		{"bad life beyond the policy's", abi.Request{SessionTTL: number(24*3600 + 1)}, abi.Weaker, "86401 seconds is more than the 86400"},
		{"bad client authentication", abi.Request{PeerAuth: number(3)}, abi.Invalid, "TLS_REQUEST_PEER_AUTH: 3 is not"},
		{"bad protocol empty", abi.Request{ALPN: []string{"h2", ""}}, abi.Invalid, "has 0 bytes"},
		{"bad protocol too long", abi.Request{ALPN: []string{strings.Repeat("x", 256)}}, abi.Invalid, "has 256 bytes"},
		{"bad protocols too many", abi.Request{ALPN: make([]string, abi.ALPNMax+1)}, abi.Invalid, "33 protocols"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := policy.Narrow(policy.Default(), tt.request)
			if err == nil {
				got, err = caps().Fit(got)
			}
			check(t, err, tt.kind, tt.text)
			if err == nil {
				t.Logf("settings: %+v", got)
			}
		})
	}
}

func check(t *testing.T, err error, kind abi.Kind, text string) {
	t.Helper()
	var f *abi.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v is no *abi.Failure", err)
	}
	if f.Kind != kind {
		t.Errorf("kind (-want +got):\n-%d\n+%d\n%v", kind, f.Kind, err)
	}
	if !strings.Contains(err.Error(), text) {
		t.Errorf("text (-want +got):\n-...%s...\n+%s", text, err)
	}
}

// TestStricterPolicy checks what a program may not undo.
func TestStricterPolicy(t *testing.T) {
	strict := policy.Default()
	strict.Source = "policy.toml"
	strict.VersionMax = abi.VersionTLS12
	strict.SessionReuse = false
	strict.PeerAuth = abi.PeerAuthRequire
	strict.SessionTTL, strict.SessionTTLMax = 60, 60
	yes, request, hour := true, abi.PeerAuthRequest, 3600
	tests := []struct {
		name    string
		request abi.Request
		kind    abi.Kind
		text    string
	}{
		{"bad maximum above", abi.Request{VersionMax: abi.VersionTLS13}, abi.Weaker, "highest version policy.toml allows"},
		{"bad minimum above", abi.Request{VersionMin: abi.VersionTLS13}, abi.Invalid, "highest version policy.toml allows"},
		{"bad reuse", abi.Request{SessionReuse: &yes}, abi.Weaker, "policy.toml turns session reuse off"},
		{"bad client authentication", abi.Request{PeerAuth: &request}, abi.Weaker, "policy.toml demands"},
		{"bad life", abi.Request{SessionTTL: &hour}, abi.Weaker, "the 60 that policy.toml allows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := policy.Narrow(strict, tt.request)
			check(t, err, tt.kind, tt.text)
		})
	}
}

func TestNarrowLeavesItsArgument(t *testing.T) {
	s := policy.Default()
	if _, err := policy.Narrow(s, abi.Request{DisabledCiphers: []string{"ECDHE-RSA-AES128-GCM-SHA256"}}); err != nil {
		t.Fatal(err)
	}
	if !equal(s, policy.Default()) {
		t.Errorf("settings changed (-want +got):\n-%+v\n+%+v", policy.Default(), s)
	}
}

func TestSuites(t *testing.T) {
	seen := map[string]uint16{}
	for _, s := range policy.Suites() {
		for _, n := range []string{s.Name, s.OpenSSL} {
			if id, ok := seen[n]; ok && id != s.ID {
				t.Errorf("%s is both %#04x and %#04x", n, id, s.ID)
			}
			seen[n] = s.ID
		}
		if got, ok := policy.FindSuite(strings.ToLower(s.OpenSSL)); !ok || got != s {
			t.Errorf("find %s (-want +got):\n-%v\n+%v", s.OpenSSL, s, got)
		}
	}
	for _, n := range policy.Default().Ciphers {
		if _, ok := seen[n]; !ok {
			t.Errorf("default suite %s has no name", n)
		}
	}
}

// FuzzNarrow: whatever is asked, the result is within the policy or refused with a kind of its own.
func FuzzNarrow(f *testing.F) {
	f.Add("ECDHE-RSA-AES256-GCM-SHA384:HIGH", "RC4-SHA", uint16(abi.VersionTLS12), uint16(0), 60)
	f.Add("", suites13, uint16(0), uint16(abi.VersionTLS13), -1)
	f.Fuzz(func(t *testing.T, trusted, disabled string, low, high uint16, ttl int) {
		r := abi.Request{VersionMin: low, VersionMax: high, SessionTTL: &ttl}
		if trusted != "" {
			r.TrustedCiphers = names(trusted)
		}
		if disabled != "" {
			r.DisabledCiphers = names(disabled)
		}
		base := policy.Default()
		got, err := policy.Narrow(base, r)
		if err == nil {
			got, err = caps().Fit(got)
		}
		if err != nil {
			if !errors.As(err, new(*abi.Failure)) {
				t.Errorf("error %v is no *abi.Failure", err)
			}
			return
		}
		outside := slices.ContainsFunc(got.Ciphers, func(n string) bool { return !slices.Contains(base.Ciphers, n) })
		if outside || len(got.Ciphers) == 0 || got.VersionMin < base.VersionMin || got.VersionMax > base.VersionMax ||
			got.VersionMin > got.VersionMax || got.SessionTTL > base.SessionTTLMax {
			t.Errorf("wider than the policy: %+v", got)
		}
	})
}

func BenchmarkDecision(b *testing.B) {
	r := abi.Request{
		VersionMin: abi.VersionTLS12, TrustedCiphers: append(names(suites13), "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"),
		DisabledCiphers: []string{"ECDHE-RSA-AES128-GCM-SHA256"}, ALPN: []string{"h2", "http/1.1"},
	}
	for b.Loop() {
		s, err := policy.Narrow(policy.Default(), r)
		if err == nil {
			_, err = caps().Fit(s)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
