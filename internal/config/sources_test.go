package config_test

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/policy"
)

const aPin = `sha256 = "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="`

// TestSources: what judges know from is said at the top, and a judge that could know nothing is refused.
func TestSources(t *testing.T) {
	const profile = "[profile.a]\nmatch = { exe = \"/a\" }\n"
	notary := func(name, address string) string {
		return "[[validation.notaries.notary]]\nname = \"" + name + "\"\naddress = \"" + address + "\"\n" + aPin + "\n"
	}
	for _, tt := range []struct {
		name, text string
		want       []string
	}{
		{"ok resolver here", "[validation.dane]\nmode = \"hard\"\nresolver = \"127.0.0.53:5353\"", nil},
		{"ok resolver by TLS", "[validation.dane]\nresolver = \"[2001:db8::1]:853\"\nresolver_" + aPin, nil},
		{"ok judge off without anything", "[validation.dane]\nmode = \"off\"\n[validation.notaries]\nmode = \"off\"", nil},
		{"ok logs", "[validation.transparency]\nmode = \"hard\"\nlog_list = \"/logs.json\"\nscts = 3\noperators = 3", nil},
		{"ok notaries", notary("a", "192.0.2.1:443") + notary("b", "b.example:4433") + "[validation.notaries]\nmode = \"soft\"\nagree = 2", nil},
		{"ok plugin with grants", "[[validation.plugin]]\nname = \"x\"\npath = \"/x\"\nnetwork = true\nstate = true", nil},
		{"bad dane without resolver", "[validation.dane]\nmode = \"soft\"", []string{"p.toml:2:1: validation.dane needs, in the global settings, resolver"}},
		{"bad dane of a profile without resolver", profile + "[profile.a.validation.dane]\nmode = \"hard\"",
			[]string{"p.toml:4:1: validation.dane needs, in the global settings, resolver"}},
		{"bad transparency without list", "[validation.transparency]\nmode = \"hard\"",
			[]string{"p.toml:2:1: validation.transparency needs, in the global settings, log_list"}},
		{"bad notaries without any", "[validation.notaries]\nmode = \"hard\"", []string{"p.toml:2:1: validation.notaries needs, in the global settings, notary"}},
		{"bad resolver elsewhere", "[validation.dane]\nresolver = \"192.0.2.1\"",
			[]string{"p.toml:2:1: validation.dane.resolver: 192.0.2.1:53 is not on this machine", "resolver_sha256"}},
		{"bad resolver by name", "[validation.dane]\nresolver = \"dns.example\"", []string{`p.toml:2:12: resolver is "dns.example", which is no address`}},
		{"bad resolver anywhere", "[validation.dane]\nresolver = \"0.0.0.0\"", []string{"which is no address"}},
		{"bad resolver type", "[validation.dane]\nresolver = 53", []string{"resolver has to be a string, not an integer"}},
		{"bad resolver key", "[validation.dane]\nresolver_sha256 = \"abc\"", []string{"44 characters"}},
		{"bad resolver of a profile", profile + "[profile.a.validation.dane]\nresolver = \"::1\"", []string{`unknown key "resolver"`}},
		{"bad list", "[validation.transparency]\nlog_list = \"logs.json\"", []string{"has to be an absolute path"}},
		{"bad scts", "[validation.transparency]\nscts = 9", []string{"scts is 9; it can be 1 to 8"}},
		{"bad operators", "[validation.transparency]\noperators = 0", []string{"operators is 0; it can be 1 to 8"}},
		{"bad operators of fewer", "[validation.transparency]\nscts = 1", []string{"validation.transparency.operators: 2 operators cannot be among those of 1 timestamps"}},
		{"bad agree", notary("a", "192.0.2.1:443") + "[validation.notaries]\nagree = 2", []string{"validation.notaries.agree: 2 of 1 notaries cannot agree"}},
		{"bad notary twice", notary("a", "192.0.2.1:443") + notary("a", "192.0.2.2:443"), []string{`p.toml:5:23: notary "a" (192.0.2.2:443) is there twice`}},
		{"bad notary name", notary("a b", "192.0.2.1:443"), []string{`p.toml:2:8: name is "a b"`}},
		{"bad notary address", notary("a", "notary.example"), []string{`p.toml:3:11: address is "notary.example"; it has to be a host and a port`}},
		{"bad notary port", notary("a", "notary.example:0"), []string{"it has to be a host and a port"}},
		{"bad notary without key", "[[validation.notaries.notary]]\nname = \"a\"\naddress = \"a:1\"", []string{"notary needs sha256"}},
		{"bad notaries too many", strings.Repeat(notary("a", "a:1"), 17), []string{"17 notaries, more than 16"}},
		{"bad inside", "[validation.notaries]\ninside = \"yes\"", []string{"inside has to be true or false"}},
		{"bad state", "[[validation.plugin]]\nname = \"x\"\npath = \"/x\"\nstate = \"x\"", []string{"state has to be true or false"}},
		{"bad grant of a profile", profile + "[[profile.a.validation.plugin]]\nname = \"x\"\nnetwork = true", []string{"network: is said where the plugin is declared"}},
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

// TestSourcesAreRead: what is written is what is in force.
func TestSourcesAreRead(t *testing.T) {
	const text = "[validation.dane]\nresolver = \"::1\"\nresolver_" + aPin + "\n[validation.transparency]\nlog_list = \"/l\"\nscts = 4\noperators = 3\n" +
		"[validation.notaries]\nagree = 1\ninside = true\n[[validation.notaries.notary]]\nname = \"n\"\naddress = \"a:1\"\n" + aPin +
		"\n[[validation.plugin]]\nname = \"x\"\npath = \"/x\"\nargs = [\"a\"]\nnetwork = true\nstate = true\n"
	r := config.Parse(options(), "p.toml", []byte(text))
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	s := r.Policy.Global(today())
	const pin = "d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM="
	for k, want := range map[policy.Key]string{
		policy.KeyResolver: "[::1]:853", policy.KeyResolverPins: pin, policy.KeyLogList: "/l", policy.KeyTimestamps: "4",
		policy.KeyLogOperators: "3", policy.KeyAgree: "1", policy.KeyNotariesInside: "true", policy.KeyNotaryList: "n (a:1)",
	} {
		if got := s.Show(k); got != want {
			t.Errorf("%s is %q, want %q", k, got, want)
		}
	}
	p := s.Validation.Plugins[0]
	if !p.Network || !p.State || p.Path != "/x" || len(p.Args) != 1 {
		t.Errorf("the plugin is %+v", p)
	}
	if pins := s.Validation.Notaries.List[0].Pins; len(pins) != 1 || pins[0].String() != pin {
		t.Errorf("the notary's keys are %v", pins)
	}
	if n := len(r.Policy.Files()); n != 2 {
		t.Errorf("%d files are named, want the list and the plugin", n)
	}
}
