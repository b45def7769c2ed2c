package config_test

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/config"
)

const weakened = "weaker than what holds without this section; if it must be, add allow_weaker"

func TestValidationProblems(t *testing.T) {
	const excuse = "allow_weaker = { reason = \"r\", expires = 2027-03-31 }\n"
	const hardPins = "[validation.pins]\nmode = \"hard\"\ntofu = true\n"
	const profile = "[profile.a]\nmatch = { exe = \"/a\" }\n"
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"ok standard soft with a reason", excuse + "[validation.standard]\nmode = \"soft\"", nil},
		{"ok profile turns a judge on", profile + "[profile.a.validation.pins]\nmode = \"hard\"", nil},
		{"ok profile shortens a timeout", hardPins + profile + "[profile.a.validation.pins]\ntimeout = \"1s\"", nil},
		{"ok profile weakens a soft judge", "[validation.pins]\nmode = \"soft\"\n" + profile + "[profile.a.validation.pins]\nmode = \"off\"", nil},
		{"ok threshold", "[validation]\nthreshold = 0.45", nil},
		{"ok stricter", hardPins + profile + "[profile.a.validation.pins]\nabstain_is = \"invalid\"", nil},
		{"bad unknown judge", "[validation.notary]\nmode = \"hard\"",
			[]string{`p.toml:1:13: unknown key "notary" in validation; did you mean "notaries"?`}},
		{"bad unknown key", "[validation.pins]\nmodes = \"hard\"",
			[]string{`p.toml:2:1: unknown key "modes" in validation.pins; did you mean "mode"?`}},
		{"bad mode", "[validation.pins]\nmode = \"sofd\"", []string{`p.toml:2:8: mode is "sofd"; it can be "off", "soft" or "hard"; did you mean "soft"?`}},
		{"bad answer", "[validation.pins]\nerror_is = \"abstain\"", []string{`p.toml:2:12: error_is is "abstain"; it can be "valid" or "invalid"`}},
		{"bad threshold", "[validation]\nthreshold = 0.0", []string{"p.toml:2:13: threshold is 0.0; it is a share, above 0 and at most 1"}},
		{"bad threshold above", "[validation]\nthreshold = 2", []string{"threshold is 2; it is a share"}},
		{"bad threshold type", "[validation]\nthreshold = \"half\"", []string{"threshold has to be an integer, not a string"}},
		{"bad timeout", "[validation.dane]\ntimeout = \"2h\"", []string{"timeout is 2h; it can be 10ms to 1m0s"}},
		{"bad pin", "[[validation.pins.host]]\npattern = \"a.example\"\nsha256 = \"abc\"",
			[]string{`p.toml:3:10: sha256: "abc" is not the base64 form of a SHA-256 digest, which has 44 characters`}},
		{"bad pin for nobody", "[[validation.pins.host]]\npattern = \"a.example\"", []string{"p.toml:1:19: host needs pattern, the hosts, and sha256"}},
		{"bad plugin without path", "[[validation.plugin]]\nname = \"x\"", []string{"p.toml:1:14: plugin needs name and, in the global settings, path"}},
		{"bad plugin twice", "[[validation.plugin]]\nname = \"x\"\npath = \"/x\"\n[[validation.plugin]]\nname = \"x\"\npath = \"/y\"",
			[]string{`p.toml:4:14: plugin "x" is there twice`}},
		{"bad plugin with a judge's name", "[[validation.plugin]]\nname = \"pins\"\npath = \"/x\"", []string{`plugin "pins" has the name of a built-in judge`}},
		{"bad plugin in a profile with a path", profile + "[[profile.a.validation.plugin]]\nname = \"x\"\npath = \"/x\"",
			[]string{"path: is said where the plugin is declared"}},
		{"bad plugin of a profile alone", profile + "[[profile.a.validation.plugin]]\nname = \"x\"\nmode = \"hard\"",
			[]string{`plugin "x" is not declared in the global settings, with its path`}},
		{"bad standard off", "[validation.standard]\nmode = \"off\"", []string{"p.toml:2:1: validation.standard: off is " + weakened}},
		{"bad standard by majority", "[validation.standard]\ngroup = \"congress\"", []string{"validation.standard: congress is " + weakened}},
		{"bad standard errors ignored", "[validation.standard]\nerror_is = \"valid\"", []string{"validation.standard: error_is valid is " + weakened}},
		{"bad threshold lower", "[validation]\nthreshold = 0.5\n" + profile + "[profile.a.validation]\nthreshold = 0.4",
			[]string{"validation.threshold: 0.4 is " + weakened}},
		{"bad profile softens a hard judge", hardPins + profile + "[profile.a.validation.pins]\nmode = \"soft\"",
			[]string{"p.toml:7:1: validation.pins: soft is " + weakened}},
		{"bad destination softens its profile's judge",
			profile + "[profile.a.validation.dane]\nmode = \"hard\"\n[validation.dane]\nresolver = \"::1\"\n[[profile.a.destination]]\nhost = \"b\"\n[profile.a.destination.validation.dane]\nabstain_is = \"valid\"",
			[]string{"validation.dane: abstain_is valid is " + weakened}},
		{"bad profile turns trust on first use off", hardPins + profile + "[profile.a.validation.pins]\ntofu = false",
			[]string{"validation.pins.tofu: false is " + weakened}},
		{"bad profile turns a source off",
			"[validation.revocation]\nmode = \"hard\"\n" + profile + "[profile.a.validation.revocation]\nocsp = false",
			[]string{"validation.revocation.ocsp: false is " + weakened}},
		{"bad profile softens a plugin",
			"[[validation.plugin]]\nname = \"x\"\npath = \"/x\"\nmode = \"hard\"\n" + profile + "[[profile.a.validation.plugin]]\nname = \"x\"\nmode = \"off\"",
			[]string{"validation.plugin: x off is " + weakened}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := config.Parse(options(), "p.toml", []byte(tt.text)).Err()
			if (err == nil) != (tt.want == nil) {
				t.Fatalf("got %v", err)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant %s", err, want)
				}
			}
		})
	}
}
