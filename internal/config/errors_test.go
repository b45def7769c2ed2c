package config_test

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/config"
)

func TestProblems(t *testing.T) {
	const all13 = `"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"`
	tests := []struct {
		name, text string
		want       []string
	}{
		{"bad syntax", "versions = [", []string{"p.toml:1:12: "}},
		{"bad byte order mark", "\ufeffrsa_bits_min = 3072", []string{"p.toml:1:1: the file begins with a byte order mark"}},
		{"bad time without unit", "[limits]\nhandshake_timeout = 30", []string{`p.toml:2:21: handshake_timeout is a number without a unit; write "30s"`}},
		{"bad key twice", "rsa_bits_min = 2048\nrsa_bits_min = 2048", []string{"p.toml:2:1: "}},
		{"bad key unknown", "trust_stor = \"system\"\n[limits]\nsocket = 1",
			[]string{`p.toml:1:1: unknown key "trust_stor" in the global settings; did you mean "trust_store"?`,
				`p.toml:3:1: unknown key "socket" in limits; did you mean "sockets"?`}},
		{"bad type", "versions = \"TLS1.3\"\nrsa_bits_min = \"2048\"\nextensions = 3\nprofile = []",
			[]string{"p.toml:1:12: versions has to be an array, not a string", "p.toml:2:16: rsa_bits_min has to be an integer, not a string",
				"p.toml:3:14: extensions has to be a table, not an integer", "p.toml:4:1: profile has to be a table, not an array"}},
		{"bad number", "rsa_bits_min = 512", []string{"p.toml:1:16: rsa_bits_min is 512; it can be 1024 to 16384"}},
		{"bad time", "[limits]\nhandshake_timeout = \"30\"", []string{`p.toml:2:21: handshake_timeout is "30", which is not a time; write "30s"`}},
		{"bad time fraction", "[session_cache]\nttl = \"1500ms\"", []string{"p.toml:2:7: ttl is 1500ms; it has to be whole seconds"}},
		{"bad time too long", "[session_cache]\nmax_ttl = \"169h\"", []string{"it can be 0s to 168h0m0s"}},
		{"bad version", "versions = [\"TLSv1.3\"]", []string{`p.toml:1:13: an element of versions is "TLSv1.3"; it can be "TLS1.3", ` +
			`"TLS1.2", "TLS1.1" or "TLS1.0"; did you mean "TLS1.3"?`}},
		{"bad versions upwards", "versions = [\"TLS1.2\", \"TLS1.3\"]", []string{"p.toml:1:1: versions: the highest version"}},
		{"bad versions with a gap", "versions = [\"TLS1.3\", \"TLS1.1\"]", []string{"none between can be left out"}},
		{"bad versions below the floor", "versions = [\"TLS1.2\", \"TLS1.1\"]",
			[]string{"p.toml:1:1: versions: TLS 1.1 is below the built-in floor; if it must be, add allow_weaker"}},
		{"bad empty list", "groups = []", []string{"p.toml:1:1: groups is empty; leave the key out instead"}},
		{"bad suite", "cipher_suites = [\"TLS_AES_256_GCM_SHA385\"]", []string{`p.toml:1:18: no cipher suite is called "TLS_AES_256_GCM_SHA385"; ` +
			`did you mean "TLS_AES_256_GCM_SHA384"?`}},
		{"bad suite twice", "cipher_suites = [" + all13 + ", \"ECDHE-RSA-AES128-GCM-SHA256\", \"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\"]",
			[]string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is listed twice"}},
		{"bad suite the engine lacks", "cipher_suites = [" + all13 + ", \"TLS_AES_128_CCM_SHA256\", \"ECDHE-RSA-AES128-GCM-SHA256\"]",
			[]string{"p.toml:1:1: cipher_suites: the TLS engine does not have TLS_AES_128_CCM_SHA256"}},
		{"bad order of suites", "cipher_suites = [" + all13 + ", \"ECDHE-RSA-AES256-GCM-SHA384\", \"ECDHE-RSA-AES128-GCM-SHA256\"]",
			[]string{"p.toml:1:1: cipher_suites: the TLS engine prefers TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 to " +
				"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 and cannot be told otherwise; its order is \"TLS_AES_128"}},
		{"bad choice among suites of TLS 1.3", "cipher_suites = [\"TLS_AES_256_GCM_SHA384\", \"ECDHE-RSA-AES256-GCM-SHA384\"]",
			[]string{"p.toml:1:1: cipher_suites (p.toml:1): the TLS engine cannot choose among the suites of TLS 1.3: list all of " + `"TLS_AES_128_GCM_SHA256"`}},
		{"bad suites for one version only", "cipher_suites = [" + all13 + "]",
			[]string{"p.toml:1:1: versions (the built-in policy) allows versions before TLS 1.3, for which cipher_suites (p.toml:1) has no suite"}},
		{"bad suite below the floor", "versions = [\"TLS1.2\"]\ncipher_suites = [\"AES128-SHA\"]",
			[]string{"p.toml:2:1: cipher_suites: TLS_RSA_WITH_AES_128_CBC_SHA is below the built-in floor"}},
		{"bad group", "groups = [\"x25518\"]", []string{`p.toml:1:11: no group is called "x25518"; did you mean "x25519"?`}},
		{"bad group the engine lacks", "groups = [\"x448\", \"x25519\"]", []string{"groups: the TLS engine does not have x448"}},
		{"bad order of groups", "groups = [\"x25519\", \"X25519MLKEM768\"]", []string{"groups: the TLS engine prefers X25519MLKEM768 to x25519"}},
		{"bad groups for one version only", "groups = [\"X25519MLKEM768\"]", []string{"groups (p.toml:1) has none for the versions before TLS 1.3"}},
		{"bad key the engine cannot honour", "signature_algorithms = [\"ed25519\"]\n[extensions]\nocsp_stapling = false",
			[]string{"p.toml:1:1: signature_algorithms: the TLS engine cannot choose", "p.toml:3:1: ocsp_stapling: the TLS engine always asks"}},
		{"bad location", "[session_cache]\nlocation = \"sessions\"\n[profile.p]\nmatch = { uid = 1 }\nsession_cache = { location = \"/x\" }",
			[]string{"p.toml:2:12: location is \"sessions\"; it has to be an absolute path", "location: is one place for the sessions of all programs"}},
		{"bad preset", "extends = \"modern\"", []string{`p.toml:1:11: extends is "modern"; it can be "default-2026", "modern-2026", "legacy-2026" or`}},
		{"bad preset below the floor", "extends = \"legacy-2026\"", []string{"p.toml:1:1: cipher_suites: TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA is below",
			"p.toml:1:1: versions: TLS 1.0 is below"}},
		{"bad exception", "allow_weaker = { reason = \"\", expires = \"2027-03-31\", why = 1 }\nversions = [\"TLS1.1\"]",
			[]string{"p.toml:1:27: reason has to be one line", "p.toml:1:41: expires has to be a date without quotes",
				`p.toml:1:55: unknown key "why" in allow_weaker`}},
		{"bad exception without date", "allow_weaker = { reason = \"x\" }", []string{"allow_weaker needs expires"}},
		{"bad path", "trust_store = \"ca.pem\"\n[profile.x]\nmatch = { exe = \"/usr/../bin/x\" }\nkeys = \"/etc/*/\"",
			[]string{"p.toml:1:15: trust_store is \"ca.pem\"; it has to be an absolute path", "p.toml:3:17: exe is", "p.toml:4:8: keys is"}},
		{"bad certificate", "[[certificate]]\nchain = \"/c.pem\"\nkeys = \"/k\"", []string{"p.toml:1:3: certificate needs both chain and key",
			`p.toml:3:1: unknown key "keys" in certificate; did you mean "key"?`}},
		{"bad profile without match", "[profile.x]\nrsa_bits_min = 3072", []string{"p.toml:1:10: profile x has no match"}},
		{"bad empty match", "[profile.x]\nmatch = {}", []string{"p.toml:2:1: match is empty"}},
		{"bad name of profile", "[profile.\"a b\"]\nmatch = { user = 1 }", []string{`p.toml:1:10: profile "a b": a name has`}},
		{"bad criterion", "[profile.x]\nmatch = { path = \"/x\", unit = \"nginx\", user = -1, container = \"\" }",
			[]string{`p.toml:2:11: unknown key "path" in match`, `unit "nginx" is not the name of a unit`, "user is -1; it can be", `container "" is not`}},
		{"bad mode", "[profile.x]\nmatch = { user = 1 }\nmode = \"complian\"", []string{`p.toml:3:8: mode is "complian"; it can be "enforce" or "complain"; did you mean "complain"?`}},
		{"bad place of keys", "keys = \"/k\"\nmode = \"enforce\"\n[[destination]]\nhost = \"x\"",
			[]string{"p.toml:1:1: keys: grants keys to one application", "p.toml:2:1: mode: belongs in a profile", "p.toml:3:3: destination: belongs in a profile"}},
		{"bad place of a limit", "[profile.x]\nmatch = { user = 1 }\nlimits.sockets = 3\n[[profile.x.destination]]\nport = 1\nclient_certificates = \"none\"",
			[]string{"p.toml:3:8: sockets: is counted for all programs together", "p.toml:6:1: client_certificates: is for listeners"}},
		{"bad destination", "[profile.x]\nmatch = { user = 1 }\n[[profile.x.destination]]\nhost = \"http://x\"\nport = 0\n[[profile.x.destination]]\nversions = [\"TLS1.3\"]",
			[]string{`p.toml:4:8: host "http://x"`, "p.toml:5:8: port is 0", "p.toml:6:13: destination needs host or port"}},
		{"bad prefix", "[profile.x]\nmatch = { user = 1 }\n[[profile.x.destination]]\nhost = \"10.0.0.1/8\"", []string{"write 10.0.0.0/8"}},
		{"bad tie of profiles", "[profile.x]\nmatch = { exe = \"/usr/bin/ab*\" }\n[profile.y]\nmatch = { exe = \"/usr/bin/*cd\" }",
			[]string{"p.toml:4:1: profile y and profile x (p.toml:2) match the same programs (exe /usr/bin/*cd and /usr/bin/ab*), and neither is more specific"}},
		{"bad tie of users", "[profile.x]\nmatch = { user = [\"alice\", \"root\"] }\n[profile.y]\nmatch = { user = 1000 }", []string{"profile y and profile x"}},
		{"bad tie of destinations", "[profile.x]\nmatch = { user = 1 }\n[[profile.x.destination]]\nhost = \"a\"\nport = [1, 2]\n[[profile.x.destination]]\nhost = \"a\"\nport = 2",
			[]string{"p.toml:6:13: this destination (a port 2) and the one of p.toml:3 (a port 1 2) overlap"}},
		{"bad rights for a script", "[profile.x]\nmatch = { script = \"/x.py\" }\nkeys = \"/k\"\nversions = [\"TLS1.2\", \"TLS1.1\"]\nallow_weaker = { reason = \"x\", expires = 2027-01-01 }",
			[]string{"p.toml:3:1: keys: the profile is matched by script", "p.toml:4:1: versions goes below the floor: the profile is matched by script"}},
		{"bad sum of profile and destination", "[profile.x]\nmatch = { user = 1 }\nversions = [\"TLS1.3\"]\ncipher_suites = [" + all13 + "]\n" +
			"[[profile.x.destination]]\nport = 1\nversions = [\"TLS1.2\"]",
			[]string{"p.toml:7:1: versions (p.toml:7) allows versions before TLS 1.3, for which cipher_suites (p.toml:4) has no suite"}},
		{"bad sum once an exception is dead", "versions = [\"TLS1.3\", \"TLS1.2\"]\n[profile.x]\nmatch = { user = 1 }\ncipher_suites = [\"AES128-SHA\"]\n" +
			"[[profile.x.destination]]\nport = 1\nversions = [\"TLS1.1\"]\nallow_weaker = { reason = \"x\", expires = 2027-01-01 }",
			[]string{"p.toml:4:1: cipher_suites: TLS_RSA_WITH_AES_128_CBC_SHA is below"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := config.Parse(options(), "p.toml", []byte(tt.text))
			if r.Policy != nil || r.Err() == nil {
				t.Fatal("accepted")
			}
			for _, want := range tt.want {
				if !strings.Contains(r.Err().Error(), want) {
					t.Errorf("%q is not in:\n%v", want, r.Err())
				}
			}
		})
	}
}

// TestAllProblemsAtOnce checks that one problem hides no other, and that they come in the order of the file.
func TestAllProblemsAtOnce(t *testing.T) {
	r := config.Parse(options(), "p.toml", []byte("a = 1\nversions = 3\n[profile.x]\nmatch = { exe = 3 }\nb = 2\n[profile.y]\nmode = 4\n"))
	got := strings.Split(r.Err().Error(), "\n")
	want := []string{"p.toml:1:1:", "p.toml:2:12:", "p.toml:4:17:", "p.toml:5:1:", "p.toml:6:10:", "p.toml:7:8:"}
	if len(got) != len(want) {
		t.Fatalf("problems: %q", got)
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("problem %d (-want +got):\n-%s\n+%s", i, want[i], got[i])
		}
	}
}

func TestWarnings(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"ok dead exception", "versions = [\"TLS1.2\", \"TLS1.1\"]\nallow_weaker = { reason = \"x\", expires = 2026-11-30 }",
			"p.toml:2:16: warning: the exception has expired on 2026-11-30: versions of p.toml:1 is not in force any more"},
		{"ok no such user", "[profile.x]\nmatch = { user = \"bob\" }", "p.toml:2:18: warning: user \"bob\": no user \"bob\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := config.Parse(options(), "p.toml", []byte(tt.text))
			if r.Err() != nil || len(r.Problems) != 1 || !strings.HasPrefix(r.Problems[0].Error(), tt.want) {
				t.Errorf("problems: %v; error: %v", r.Problems, r.Err())
			}
		})
	}
}
