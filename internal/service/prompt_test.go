package service_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestPrompt(t *testing.T) {
	named := policy.Default()
	named.TrustStore = filepath.Join(t.TempDir(), "roots.pem")
	byPolicy := policy.Uniform(named)
	for _, tt := range []struct {
		name    string
		policy  *policy.Policy
		request abi.Request
		want    bool
	}{
		{"ok nothing", nil, abi.Request{}, true},
		{"ok a name and few anchors", nil, abi.Request{RemoteHostname: "a.example", TrustAnchors: make([]byte, 1<<10)}, true},
		{"bad credentials, which the process with the keys is asked about", nil, abi.Request{Credentials: make([]abi.Credential, 1)}, false},
		{"bad a trust store of hundreds", nil, abi.Request{TrustAnchors: make([]byte, 200<<10)}, false},
		{"bad a file of the policy", byPolicy, abi.Request{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := service.Config{Open: os.Open}
			if tt.policy != nil {
				c.Policy = func() *policy.Policy { return tt.policy }
			}
			if got := newService(t, c).Prompt(app("x"), tt.request); got != tt.want {
				t.Errorf("Prompt (-want +got):\n-%v\n+%v", tt.want, got)
			}
		})
	}
}

// TestPromptCredentials asks about credentials that are remembered, and about such as look like them.
func TestPromptCredentials(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf, other := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}}), ca.Issue(t, testutil.Leaf{Names: []string{"b.example"}})
	s := newService(t, service.Config{})
	if _, err := s.Admit(within(t), app("x"), abi.Request{Credentials: []abi.Credential{credential(leaf)}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		give []abi.Credential
		want bool
	}{
		{"ok remembered", []abi.Credential{credential(leaf)}, true},
		{"bad one of two", []abi.Credential{credential(leaf), credential(other)}, false},
		{"bad without its key", []abi.Credential{{Chain: leaf.ChainPEM}}, false},
		{"bad with another's key", []abi.Credential{{Chain: leaf.ChainPEM, Key: other.KeyPEM}}, false},
		{"bad with the key in a file", []abi.Credential{{Chain: leaf.ChainPEM, Key: leaf.KeyPEM, KeyPath: "/etc/key.pem"}}, false},
	} {
		if got := s.Prompt(app("x"), abi.Request{Credentials: tt.give}); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}
