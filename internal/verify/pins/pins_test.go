package pins_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// cert is one that has nothing but a key.
func cert(key string) *x509.Certificate {
	return &x509.Certificate{RawSubjectPublicKeyInfo: []byte(strings.Repeat(key, 100))}
}

func list(t *testing.T, pattern string, certs ...*x509.Certificate) policy.PinList {
	t.Helper()
	host, err := policy.NewHost(pattern)
	if err != nil {
		t.Fatal(err)
	}
	entry := policy.PinnedHost{Pattern: host, Source: policy.Source{File: "p.toml", Line: 3}}
	for _, c := range certs {
		entry.Pins = append(entry.Pins, pins.KeyOf(c))
	}
	return policy.PinList{entry}
}

// question asks about a chain that is verified as it was sent.
func question(host string, chain ...*x509.Certificate) *judge.Question {
	return &judge.Question{Host: host, Port: 443, Chain: chain, Paths: [][]*x509.Certificate{chain}, Time: time.Unix(1e9, 0), UID: 1000}
}

func TestPinned(t *testing.T) {
	leaf, ca, other := cert("l"), cert("c"), cert("o")
	tail := &x509.Certificate{RawSubjectPublicKeyInfo: append([]byte(strings.Repeat("l", 99)), 'x')}
	unverified := question("a.example", leaf, ca)
	unverified.Paths = nil
	for _, tt := range []struct {
		name  string
		lists []policy.PinList
		q     *judge.Question
		want  judge.Answer
	}{
		{"ok leaf", []policy.PinList{list(t, "a.example", leaf)}, question("A.Example.", leaf, ca), judge.Valid},
		{"ok authority", []policy.PinList{list(t, "*.example", ca)}, question("a.example", leaf, ca), judge.Valid},
		{"ok backup", []policy.PinList{list(t, "a.example", other, leaf)}, question("a.example", leaf, ca), judge.Valid},
		{"ok not named", []policy.PinList{list(t, "b.example", other)}, question("a.example", leaf, ca), judge.Abstain},
		{"ok both sections", []policy.PinList{list(t, "a.example", leaf), list(t, "**", ca)}, question("a.example", leaf, ca), judge.Valid},
		{"ok leaf without a verified path", []policy.PinList{list(t, "a.example", leaf)}, unverified, judge.Valid},
		{"bad authority without a verified path", []policy.PinList{list(t, "a.example", ca)}, unverified, judge.Invalid},
		{"bad other key", []policy.PinList{list(t, "a.example", other)}, question("a.example", leaf, ca), judge.Invalid},
		{"bad key that differs in its last byte", []policy.PinList{list(t, "a.example", leaf)}, question("a.example", tail), judge.Invalid},
		{"bad one of the sections", []policy.PinList{list(t, "a.example", leaf), list(t, "**", other)}, question("a.example", leaf, ca), judge.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v := pins.New(pins.Config{Lists: tt.lists}).Judge(t.Context(), tt.q)
			if v.Answer != tt.want {
				t.Errorf("%s: %s", v.Answer, v.Reason)
			}
			if v.Answer == judge.Invalid && !strings.Contains(v.Reason, "p.toml:3") {
				t.Errorf("%q does not say where the pin is", v.Reason)
			}
		})
	}
}

func TestFirstUse(t *testing.T) {
	store := pins.NewStore(t.TempDir())
	j := pins.New(pins.Config{TrustOnFirstUse: true, Kept: store, Lists: []policy.PinList{list(t, "pinned.example", cert("p"))}})
	answer := func(q *judge.Question, want judge.Answer) {
		t.Helper()
		if v := j.Judge(t.Context(), q); v.Answer != want {
			t.Errorf("%s: %s", v.Answer, v.Reason)
		}
	}
	first := question("a.example", cert("a"))
	answer(first, judge.Valid)
	changed := question("a.example", cert("b"))
	answer(changed, judge.Valid) // nothing was learnt by asking
	if err := j.Learn(first); err != nil {
		t.Fatal(err)
	}
	answer(first, judge.Valid)
	answer(changed, judge.Invalid)
	if err := j.Learn(changed); err == nil {
		t.Error("another key took the place of the first")
	}
	otherUser := question("a.example", cert("b"))
	otherUser.UID = 1001
	answer(otherUser, judge.Valid)
	otherPort := question("a.example", cert("b"))
	otherPort.Port = 8443
	answer(otherPort, judge.Valid)
	client := question("", cert("b"))
	client.Role = judge.Client
	answer(client, judge.Abstain)
	pinned := question("pinned.example", cert("p"))
	answer(pinned, judge.Valid)
	if err := j.Learn(pinned); err != nil {
		t.Error(err)
	}
	if all, err := store.All(); err != nil || len(all) != 1 {
		t.Errorf("kept: %v, %v", all, err)
	}
	n, err := store.Forget(func(p pins.Place) bool { return p.Host == "a.example" })
	if err != nil || n != 1 {
		t.Errorf("forgot %d, %v", n, err)
	}
	answer(changed, judge.Valid)
}

// TestShared: processes that share the file see what others keep, and lose nothing.
func TestShared(t *testing.T) {
	dir := t.TempDir()
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			s := pins.NewStore(dir)
			for k := range 8 {
				p := pins.Place{UID: i, Host: fmt.Sprintf("h%d.example", k), Port: 443}
				if err := s.Learn(p, pins.Kept{Pin: pins.KeyOf(cert("x")), Since: time.Unix(1e9, 0)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	work.Wait()
	all, err := pins.NewStore(dir).All()
	if err != nil || len(all) != 64 {
		t.Errorf("%d kept, %v", len(all), err)
	}
}

// TestDamaged: a file that cannot be read is an error and not an empty one.
func TestDamaged(t *testing.T) {
	for _, text := range []string{"x", "1 a.example 443 short 2026-01-01T00:00:00Z\n", "1 a.example 65536 " + pins.KeyOf(cert("x")).String() + " 2026-01-01T00:00:00Z\n"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, pins.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		j := pins.New(pins.Config{TrustOnFirstUse: true, Kept: pins.NewStore(dir)})
		if v := j.Judge(t.Context(), question("a.example", cert("x"))); v.Answer != judge.Error {
			t.Errorf("%q: %s: %s", text, v.Answer, v.Reason)
		}
		if err := pins.NewStore(dir).Learn(pins.Place{Host: "a.example"}, pins.Kept{}); err == nil {
			t.Errorf("%q: overwritten", text)
		}
	}
	if v := pins.New(pins.Config{TrustOnFirstUse: true}).Judge(t.Context(), question("a.example", cert("x"))); v.Answer != judge.Error {
		t.Errorf("no store: %s", v.Answer)
	}
}

// FuzzStore: what is read is written back the same.
func FuzzStore(f *testing.F) {
	f.Add("1 a.example 443 " + pins.KeyOf(cert("x")).String() + " 2026-01-01T00:00:00Z\n")
	f.Add("1 a\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, pins.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := pins.NewStore(dir)
		before, err := s.All()
		if err != nil {
			return
		}
		if _, err := s.Forget(func(pins.Place) bool { return false }); err != nil {
			t.Fatal(err)
		}
		after, err := pins.NewStore(dir).All()
		if err != nil || len(after) != len(before) {
			t.Errorf("%d before, %d after, %v", len(before), len(after), err)
		}
	})
}
