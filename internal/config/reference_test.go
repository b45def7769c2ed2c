package config_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/policy"
)

const reference = "../../dist/policy.toml"

// uncommented is the reference file with its settings in force.
func uncommented(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	setting := regexp.MustCompile(`(?m)^#(\S|  "|\])`)
	return setting.ReplaceAllString(string(text), "$1")
}

func TestReferenceIsTheBuiltInPolicy(t *testing.T) {
	r := config.LoadFile(options(), reference)
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	got, want := r.Policy.Global(today()), policy.Default()
	for _, k := range policy.Keys() {
		if got.Show(k) != want.Show(k) || got.From(k) != want.From(k) {
			t.Errorf("%s (-want +got):\n-%s %s\n+%s %s", k, want.Show(k), want.From(k), got.Show(k), got.From(k))
		}
	}
}

func TestReferenceDocumentsEveryKey(t *testing.T) {
	text := uncommented(t)
	r := config.Parse(options(), "policy.toml", []byte(text))
	if err := r.Err(); err != nil {
		t.Fatalf("with everything in force: %v", err)
	}
	got, want := r.Policy.Global(today()), policy.Default()
	profile := r.Policy.Profile("www")
	for _, k := range policy.Keys() {
		if slices.Contains([]policy.Key{policy.KeyKeys, policy.KeyWrap, policy.KeyWrapListen}, k) { // of profiles alone
			if !profile.Layer.Set.Has(k) {
				t.Errorf("%s is not documented", k)
			}
			continue
		}
		if got.Sources.At(k).Built() {
			t.Errorf("%s is not documented", k)
		}
		example := slices.Contains([]policy.Key{policy.KeyCertificates, policy.KeyClientTrustStore, policy.KeyPinnedHosts, policy.KeyPlugins, policy.KeyResolver,
			policy.KeyResolverPins, policy.KeyLogList, policy.KeyNotaryList, policy.KeyAgree,
			policy.KeyRevocationLists, policy.KeyRevocationSet, policy.KeyFetchAllow, policy.KeyFetchProxy}, k)
		if !example && got.Show(k) != want.Show(k) {
			t.Errorf("the default of %s (-documented +actual):\n-%s\n+%s", k, got.Show(k), want.Show(k))
		}
	}
	m := profile.Match
	if len(m.Exe) == 0 || len(m.Unit) == 0 || len(m.Container) == 0 || len(m.Users) == 0 || !strings.Contains(text, "script") {
		t.Error("a criterion of match is not documented")
	}
	if len(profile.Sections) != 1 || len(r.Policy.Exceptions(today())) != 1 {
		t.Error("destination or allow_weaker is not documented")
	}
}

// TestManual checks that ssa-policy(5) names every key and that its example is a policy.
func TestManual(t *testing.T) {
	text, err := os.ReadFile("../../man/ssa-policy.5")
	if err != nil {
		t.Fatal(err)
	}
	manual := strings.ReplaceAll(string(text), `\-`, "-")
	for _, k := range policy.Keys() {
		if !strings.Contains(manual, k.String()) {
			t.Errorf("%s is not in the manual", k)
		}
	}
	for _, name := range append(policy.Presets(), "system-crypto-policies", "allow_weaker", "match", "mode", "script") {
		if !strings.Contains(manual, name) {
			t.Errorf("%s is not in the manual", name)
		}
	}
	_, rest, _ := strings.Cut(manual, ".nf\n")
	example, _, ok := strings.Cut(rest, ".fi\n")
	o := options()
	o.LookupUser = func(string) (int, error) { return 1, nil }
	if r := config.Parse(o, "example.toml", []byte(example)); !ok || r.Err() != nil || len(r.Policy.Profiles()) != 2 {
		t.Errorf("the example: %v", r.Err())
	}
}
