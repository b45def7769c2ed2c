package policy_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/policy"
)

// today is the day of the tests.
func today() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }

// fullCaps are those of an engine with what the presets need.
func fullCaps() policy.Caps {
	var l policy.Layer
	l.Preset("legacy-2026", policy.Source{File: "x"})
	return policy.Caps{Ciphers: l.Settings.Ciphers, Groups: l.Settings.Groups}
}

func options() config.Options {
	return config.Options{Caps: fullCaps(), Now: today(), LookupUser: func(name string) (int, error) {
		users := map[string]int{"root": 0, "www-data": 33, "alice": 1000}
		if uid, ok := users[name]; ok {
			return uid, nil
		}
		return 0, fmt.Errorf("no user %q", name)
	}}
}

// parse makes a policy of a text.
func parse(t testing.TB, text string) *policy.Policy {
	t.Helper()
	r := config.Parse(options(), "p.toml", []byte(text))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return r.Policy
}

const manyProfiles = `
[profile.path]
match = { exe = "/usr/bin/curl" }
[profile.pathuser]
match = { exe = "/usr/bin/curl", user = "www-data" }
[profile.pathunit]
match = { exe = "/usr/bin/curl", unit = "backup.service" }
[profile.directory]
match = { exe = "/usr/bin/*" }
[profile.letters]
match = { exe = "/usr/bin/cu*" }
[profile.everything]
match = { exe = "/**" }
[profile.unit]
match = { unit = ["nginx.service", "apache*"] }
[profile.container]
match = { container = "9f86d081*" }
[profile.user]
match = { user = ["alice", 2000] }
[profile.script]
match = { exe = "/usr/bin/python3", script = "/srv/**.py" }
`

func TestProfileInForce(t *testing.T) {
	p := parse(t, strings.ReplaceAll(manyProfiles, `[profile.everything]
match = { exe = "/**" }
`, ""))
	tests := []struct {
		name    string
		subject policy.Subject
		want    string
	}{
		{"ok path", policy.Subject{Exe: "/usr/bin/curl", UID: 5}, "path"},
		{"ok path and user before path", policy.Subject{Exe: "/usr/bin/curl", UID: 33}, "pathuser"},
		{"ok unit before user", policy.Subject{Exe: "/usr/bin/curl", UID: 33, Unit: "backup.service"}, "pathunit"},
		{"ok directory", policy.Subject{Exe: "/usr/bin/wget", UID: 1000}, "directory"},
		{"ok longer pattern", policy.Subject{Exe: "/usr/bin/cut"}, "letters"},
		{"ok not below the directory", policy.Subject{Exe: "/usr/bin/x/y"}, ""},
		{"ok unit", policy.Subject{Exe: "/opt/x", Unit: "nginx.service"}, "unit"},
		{"ok unit by pattern", policy.Subject{Exe: "/opt/x", Unit: "apache2.service"}, "unit"},
		{"ok container", policy.Subject{Exe: "/opt/x", Container: "9f86d081884c7d65"}, "container"},
		{"ok user", policy.Subject{Exe: "/opt/x", UID: 1000}, "user"},
		{"ok user by number", policy.Subject{Exe: "/opt/x", UID: 2000}, "user"},
		{"ok script", policy.Subject{Exe: "/usr/bin/python3", Script: "/srv/a/b.py"}, "script"},
		{"ok other script", policy.Subject{Exe: "/usr/bin/python3", Script: "/home/b.py"}, "directory"},
		{"ok nobody", policy.Subject{Exe: "/opt/x"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := p.Decide(tt.subject, policy.Client, policy.Dest{}, today())
			got := ""
			if d.Profile != nil {
				got = d.Profile.Name
			}
			if got != tt.want {
				t.Errorf("profile: got %q, want %q; tried %s", got, tt.want, tried(d, tt.subject))
			}
		})
	}
}

func tried(d policy.Decision, s policy.Subject) string {
	var all []string
	for _, t := range d.Tried {
		all = append(all, t.Profile.Name+" "+t.Explain(s))
	}
	return strings.Join(all, "; ")
}

func TestTriedProfilesAreExplained(t *testing.T) {
	p := parse(t, manyProfiles)
	s := policy.Subject{Exe: "/usr/bin/curl", UID: 5, Unit: "cron.service"}
	got := tried(p.Decide(s, policy.Client, policy.Dest{}, today()), s)
	for _, want := range []string{
		"path matches exe /usr/bin/curl",
		"pathuser does not match: user is 5, not www-data",
		"pathunit does not match: unit is cron.service, not backup.service",
		"directory matches exe /usr/bin/*, but another is more specific",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in: %s", want, got)
		}
	}
	s = policy.Subject{Exe: "/usr/bin/python3", Script: "/srv/x.py"}
	if got := tried(p.Decide(s, policy.Client, policy.Dest{}, today()), s); !strings.Contains(got, "script is advisory") {
		t.Errorf("a script is not marked as advice: %s", got)
	}
}

const destinations = `
versions = ["TLS1.3", "TLS1.2"]
[profile.p]
match = { exe = "/x" }
rsa_bits_min = 2049
[[profile.p.destination]]
host = "*.example.com"
rsa_bits_min = 2050
[[profile.p.destination]]
host = "a.example.com"
rsa_bits_min = 2051
[[profile.p.destination]]
host = "a.example.com"
port = 8443
rsa_bits_min = 2052
[[profile.p.destination]]
host = "10.0.0.0/8"
rsa_bits_min = 2053
[[profile.p.destination]]
host = ["10.1.0.0/16", "2001:db8::1"]
rsa_bits_min = 2054
[[profile.p.destination]]
port = 25
rsa_bits_min = 2055
`

func TestSectionForDestination(t *testing.T) {
	p := parse(t, destinations)
	tests := []struct {
		name string
		dest policy.Dest
		want int
	}{
		{"ok none", policy.Dest{Host: "other.org", Port: 443}, 2049},
		{"ok pattern", policy.Dest{Host: "B.Example.com.", Port: 443}, 2050},
		{"ok one label only", policy.Dest{Host: "b.c.example.com", Port: 443}, 2049},
		{"ok name before pattern", policy.Dest{Host: "a.example.com", Port: 443}, 2051},
		{"ok port", policy.Dest{Host: "a.example.com", Port: 8443}, 2052},
		{"ok host before port", policy.Dest{Host: "b.example.com", Port: 25}, 2050},
		{"ok prefix", policy.Dest{Addr: netip.MustParseAddr("10.2.3.4"), Port: 443}, 2053},
		{"ok longer prefix, mapped address", policy.Dest{Addr: netip.MustParseAddr("::ffff:10.1.3.4"), Port: 443}, 2054},
		{"ok IPv6", policy.Dest{Addr: netip.MustParseAddr("2001:db8::1"), Port: 443}, 2054},
		{"ok port alone", policy.Dest{Host: "mail.example.org", Port: 25}, 2055},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := p.Decide(policy.Subject{Exe: "/x"}, policy.Client, tt.dest, today())
			if d.Settings.Limits.RSABits != tt.want {
				t.Errorf("section: got %d, want %d", d.Settings.Limits.RSABits, tt.want)
			}
		})
	}
	if d := p.Decide(policy.Subject{Exe: "/x"}, policy.Server, policy.Dest{Port: 25}, today()); d.Section != nil {
		t.Error("a listener has a destination")
	}
	if n := len(p.Possible(policy.Subject{Exe: "/x"}, policy.Dest{Host: "other.org"}, today())); n != 4 {
		t.Errorf("possible for other.org: got %d, want 4", n)
	}
	if n := len(p.Possible(policy.Subject{Exe: "/x"}, policy.Dest{}, today())); n != 7 {
		t.Errorf("possible for an unknown destination: got %d, want 7", n)
	}
}

func TestSourcesOfValues(t *testing.T) {
	p := parse(t, `
versions = ["TLS1.3", "TLS1.2"]
rsa_bits_min = 3072
[profile.p]
match = { exe = "/x" }
extends = "modern-2026"
rsa_bits_min = 4096
[[profile.p.destination]]
host = "h"
trust_store = "/ca.pem"
`)
	s := p.Decide(policy.Subject{Exe: "/x"}, policy.Client, policy.Dest{Host: "h"}, today()).Settings
	for k, want := range map[policy.Key]string{
		policy.KeyVersions:     "p.toml:6 (modern-2026)",
		policy.KeyRSABitsMin:   "p.toml:7",
		policy.KeyTrustStore:   "p.toml:10",
		policy.KeySessionTTL:   "the built-in policy",
		policy.KeyCipherSuites: "p.toml:6 (modern-2026)",
	} {
		if got := s.From(k); got != want {
			t.Errorf("%s (-want +got):\n-%s\n+%s", k, want, got)
		}
	}
	_, err := policy.Narrow(s, abi.Request{VersionMin: abi.VersionTLS12})
	check(t, err, abi.Weaker, "TLS_VERSION_MIN: TLS 1.2 is below TLS 1.3, the lowest version p.toml:6 (modern-2026) allows")
}

const weaker = `
[profile.p]
match = { exe = "/x" }
versions = ["TLS1.3", "TLS1.2", "TLS1.1"]
cipher_suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_128_CBC_SHA"]
rsa_bits_min = 4096
allow_weaker = { reason = "an old printer", expires = 2027-03-31 }
`

func TestExceptionEnds(t *testing.T) {
	p := parse(t, weaker)
	last := time.Date(2027, 3, 31, 23, 59, 59, 0, time.Local)
	alive := p.Decide(policy.Subject{Exe: "/x"}, policy.Client, policy.Dest{}, last)
	if alive.Settings.VersionMin != abi.VersionTLS11 || len(alive.Settings.Ciphers) != 5 || len(alive.Exceptions) != 1 {
		t.Errorf("on the last day: %s, %d suites, %d exceptions", alive.Settings.Show(policy.KeyVersions),
			len(alive.Settings.Ciphers), len(alive.Exceptions))
	}
	dead := p.Decide(policy.Subject{Exe: "/x"}, policy.Client, policy.Dest{}, last.Add(time.Second))
	if dead.Settings.VersionMin != abi.VersionTLS12 || !slices.Equal(dead.Settings.Ciphers, policy.Default().Ciphers) {
		t.Errorf("after it: %s, %v", dead.Settings.Show(policy.KeyVersions), dead.Settings.Ciphers)
	}
	if dead.Settings.Limits.RSABits != 4096 || len(dead.Exceptions) != 0 {
		t.Errorf("after it: what needs no exception is %d, exceptions %d", dead.Settings.Limits.RSABits, len(dead.Exceptions))
	}
	uses := p.Exceptions(last)
	if len(uses) != 1 || !uses[0].Alive || len(uses[0].Keys) != 2 || uses[0].Where != "profile p" || uses[0].Expires() != "2027-03-31" {
		t.Errorf("exceptions: %+v", uses)
	}
}

func TestComplainRefusesNothing(t *testing.T) {
	p := parse(t, `
versions = ["TLS1.3", "TLS1.2"]
client_certificates = "none"
[profile.p]
match = { exe = "/x" }
mode = "complain"
versions = ["TLS1.3"]
client_certificates = "require"
[profile.p.extensions]
alpn = false
`)
	d := p.Decide(policy.Subject{Exe: "/x"}, policy.Server, policy.Dest{}, today())
	if d.Settings.VersionMin != abi.VersionTLS12 || !d.Settings.ALPN || d.Settings.PeerAuth != abi.PeerAuthRequest {
		t.Errorf("in force: %+v", d.Settings)
	}
	if d.Enforced == nil || d.Enforced.VersionMin != abi.VersionTLS13 || d.Enforced.ALPN || d.Enforced.PeerAuth != abi.PeerAuthRequire {
		t.Fatalf("if enforced: %+v", d.Enforced)
	}
	refused := d.Enforced.Refused(policy.Negotiated{Version: abi.VersionTLS12, Cipher: "TLS_RSA_WITH_AES_128_CBC_SHA", Group: "x448", Server: true})
	want := "TLS 1.2 (p.toml:7), TLS_RSA_WITH_AES_128_CBC_SHA (the built-in policy), x448 (the built-in policy), " +
		"a client without a certificate (p.toml:8)"
	if got := strings.Join(refused, ", "); got != want {
		t.Errorf("refused (-want +got):\n-%s\n+%s", want, got)
	}
}

func TestNoTicketsNoSessions(t *testing.T) {
	p := parse(t, "[session_cache]\nttl = \"1h\"\n[extensions]\nsession_tickets = false\n")
	s := p.Global(today())
	if s.SessionReuse || s.SessionTTL != 0 {
		t.Errorf("sessions: reuse %v, ttl %d", s.SessionReuse, s.SessionTTL)
	}
	ttl := 60
	_, err := policy.Narrow(s, abi.Request{SessionTTL: &ttl})
	check(t, err, abi.Weaker, "p.toml:4")
}

// TestPresetsNeverChange pins what was published.
func TestPresetsNeverChange(t *testing.T) {
	const groups = "X25519MLKEM768 SecP256r1MLKEM768 SecP384r1MLKEM1024 x25519 secp256r1 secp384r1 secp521r1"
	const modern = "TLS_AES_128_GCM_SHA256 TLS_AES_256_GCM_SHA384 TLS_CHACHA20_POLY1305_SHA256"
	const standard = modern + " TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" +
		" TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" +
		" TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"
	const legacy = standard + " TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA" +
		" TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA TLS_RSA_WITH_AES_128_GCM_SHA256" +
		" TLS_RSA_WITH_AES_256_GCM_SHA384 TLS_RSA_WITH_AES_128_CBC_SHA TLS_RSA_WITH_AES_256_CBC_SHA"
	want := map[string][4]string{
		"default-2026": {"TLS1.3 TLS1.2", standard, groups, "2048"},
		"modern-2026":  {"TLS1.3", modern, groups, "2048"},
		"legacy-2026":  {"TLS1.3 TLS1.2 TLS1.1 TLS1.0", legacy, groups, "2048"},
	}
	if len(policy.Presets()) != len(want) {
		t.Errorf("presets: %v", policy.Presets())
	}
	for name, values := range want {
		var l policy.Layer
		if !l.Preset(name, policy.Source{}) {
			t.Errorf("no preset %s", name)
		}
		for i, k := range []policy.Key{policy.KeyVersions, policy.KeyCipherSuites, policy.KeyGroups, policy.KeyRSABitsMin} {
			if got := l.Settings.Show(k); got != values[i] {
				t.Errorf("%s, %s (-want +got):\n-%s\n+%s", name, k, values[i], got)
			}
		}
	}
}

// thousand is a policy of 1,000 profiles of several kinds.
func thousand() string {
	var b strings.Builder
	for i := range 250 {
		fmt.Fprintf(&b, "[profile.exe%d]\nmatch = { exe = \"/usr/bin/program%d\" }\nextends = \"modern-2026\"\n", i, i)
		fmt.Fprintf(&b, "[[profile.exe%d.destination]]\nhost = \"*.h%d.example\"\nversions = [\"TLS1.3\"]\n", i, i)
		fmt.Fprintf(&b, "[profile.glob%d]\nmatch = { exe = \"/opt/vendor%d/**\" }\nrsa_bits_min = 3072\n", i, i)
		fmt.Fprintf(&b, "[profile.unit%d]\nmatch = { unit = \"service%d@*.service\" }\n", i, i)
		fmt.Fprintf(&b, "[profile.user%d]\nmatch = { user = %d }\n", i, 3000+i)
	}
	return b.String()
}

func BenchmarkDecide(b *testing.B) {
	p := parse(b, thousand())
	for name, s := range map[string]policy.Subject{
		"exe":  {Exe: "/usr/bin/program99", Unit: "x.service", UID: 3001},
		"glob": {Exe: "/opt/vendor99/bin/x"},
		"unit": {Exe: "/bin/x", Unit: "service99@a.service"},
		"none": {Exe: "/usr/local/bin/something/else", Unit: "user@1000.service", UID: 1000},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				p.Decide(s, policy.Client, policy.Dest{Host: "a.h99.example", Port: 443}, today())
			}
		})
	}
}
