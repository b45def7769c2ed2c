package service_test

import (
	"crypto"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestGivenCredentials counts how often the text of a key is parsed.
func TestGivenCredentials(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf, other := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}}), ca.Issue(t, testutil.Leaf{Names: []string{"b.example"}})
	now, parsed := time.Now(), 0
	s := newService(t, service.Config{
		Now: func() time.Time { return now },
		Signer: func(text []byte) (crypto.Signer, error) {
			parsed++
			return keys.ParseKey(text)
		},
	})
	for _, tt := range []struct {
		name   string
		give   abi.Credential
		after  time.Duration
		parsed int
		bad    bool
	}{
		{"ok new", credential(leaf), 0, 1, false},
		{"ok again", credential(leaf), 0, 1, false},
		{"ok without a key", abi.Credential{Chain: leaf.ChainPEM}, 0, 1, false},
		{"bad with a key of no text", abi.Credential{Chain: leaf.ChainPEM, Key: []byte{}}, 0, 2, true},
		{"bad with the key of another", abi.Credential{Chain: leaf.ChainPEM, Key: other.KeyPEM}, 0, 3, true},
		{"bad once more", abi.Credential{Chain: leaf.ChainPEM, Key: other.KeyPEM}, 0, 4, true},
		{"ok the other", credential(other), 0, 5, false},
		{"ok the first again", credential(leaf), 0, 5, false},
		{"ok later", credential(leaf), time.Minute, 6, false},
	} {
		now = now.Add(tt.after)
		_, err := s.Admit(within(t), app("x"), abi.Request{Credentials: []abi.Credential{tt.give}})
		if parsed != tt.parsed || (err != nil) != tt.bad {
			t.Errorf("%s: parsed %d keys, want %d; %v", tt.name, parsed, tt.parsed, err)
		}
	}
}
