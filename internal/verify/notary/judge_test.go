package notary_test

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/notary"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// secure reaches a notary by its address and proves its key.
func secure(ctx context.Context, n notary.Notary) (net.Conn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", n.Address)
	if err != nil {
		return nil, err
	}
	t, err := engine.Pinned(ctx, c, n.Pins)
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return t, nil
}

func question(c testutil.Certificate) *judge.Question {
	return &judge.Question{Host: "WWW.example.com.", Port: 443, Remote: netip.MustParseAddrPort("8.8.8.8:443"),
		Chain: []*x509.Certificate{c.X509}, Time: time.Now()}
}

func notaries(t *testing.T, says ...testutil.NotaryAnswer) ([]notary.Notary, []*testutil.Notary) {
	t.Helper()
	var list []notary.Notary
	var servers []*testutil.Notary
	for i, a := range says {
		s := testutil.NewNotary(t, a)
		servers = append(servers, s)
		list = append(list, notary.Notary{Name: fmt.Sprintf("notary-%d", i), Address: s.Address, Pins: [][sha256.Size]byte{s.Pin}})
	}
	return list, servers
}

func check(t *testing.T, v judge.Verdict, want judge.Answer, reason string) {
	t.Helper()
	if v.Answer != want || !strings.Contains(v.Reason, reason) {
		t.Errorf("%s: %s; want %s with %q", v.Answer, v.Reason, want, reason)
	}
}

func TestVotes(t *testing.T) {
	mine := testutil.SelfSigned(t, testutil.Leaf{Names: []string{"www.example.com"}})
	theirs := testutil.SelfSigned(t, testutil.Leaf{Names: []string{"www.example.com"}})
	type answers = []testutil.NotaryAnswer
	agrees, differs := testutil.NotaryAnswer{Seen: mine.X509}, testutil.NotaryAnswer{Seen: theirs.X509}
	blind, refuses := testutil.NotaryAnswer{}, testutil.NotaryAnswer{Status: 403}
	for name, row := range map[string]struct {
		says   answers
		agree  int
		want   judge.Answer
		reason string
	}{
		"ok all":                        {answers{agrees, agrees, agrees}, 0, judge.Valid, "2 notaries see the same key"},
		"ok majority":                   {answers{agrees, agrees, differs}, 0, judge.Valid, ""},
		"ok one of three":               {answers{differs, blind, agrees}, 1, judge.Valid, "notary-2"},
		"ok in spite of a silent one":   {answers{agrees, agrees, {Silent: true}}, 0, judge.Valid, ""},
		"ok seen yesterday":             {answers{{Seen: mine.X509, Ago: 23 * time.Hour}}, 0, judge.Valid, ""},
		"bad majority":                  {answers{differs, differs, agrees}, 0, judge.Invalid, "sees another key"},
		"bad one of all":                {answers{agrees, agrees, differs}, 3, judge.Invalid, "notary-2 sees another key"},
		"bad whatever the silent says":  {answers{differs, differs, {Silent: true}}, 0, judge.Invalid, ""},
		"abstain nobody sees it":        {answers{blind, blind, refuses}, 0, judge.Abstain, "connection refused"},
		"abstain seen long ago":         {answers{{Seen: mine.X509, Ago: 25 * time.Hour}}, 0, judge.Abstain, "does not see"},
		"abstain too few see it":        {answers{agrees, blind, refuses}, 0, judge.Abstain, "does not look"},
		"error status":                  {answers{{Status: 500}}, 0, judge.Error, "status 500"},
		"error not JSON":                {answers{{Body: []byte("hello")}}, 0, judge.Error, "not a report"},
		"error two reports":             {answers{{Body: []byte(`{"host":"www.example.com","port":443} {}`)}}, 0, judge.Error, "follows"},
		"error about another":           {answers{{Seen: mine.X509, Host: "other.example.com"}}, 0, judge.Error, "about"},
		"error without end":             {answers{{Endless: true}}, 0, judge.Error, "gave no answer"},
		"error redirect":                {answers{{Status: 302}}, 0, judge.Error, "status 302"},
		"error digest":                  {answers{{Body: []byte(`{"host":"www.example.com","port":443,"seen":[{"key":"00"}]}`)}}, 0, judge.Error, "digits"},
		"error one answers of two more": {answers{agrees, {Status: 500}, differs}, 2, judge.Error, "status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			list, servers := notaries(t, row.says...)
			j, err := notary.New(notary.Config{Notaries: list, Agree: row.agree, Dial: secure})
			if err != nil {
				t.Fatal(err)
			}
			v := j.Judge(t.Context(), question(mine))
			check(t, v, row.want, row.reason)
			if kept := !v.Until.IsZero(); kept != (row.want != judge.Error) {
				t.Errorf("kept until %v", v.Until)
			}
			for _, s := range servers {
				if asked := s.Asked(); len(asked) > 1 || len(asked) == 1 && asked[0] != "www.example.com 443" {
					t.Errorf("asked for %q", asked)
				}
			}
		})
	}
}

// TestKey: a notary with another key than its pin is not asked.
func TestKey(t *testing.T) {
	mine := testutil.SelfSigned(t, testutil.Leaf{})
	list, servers := notaries(t, testutil.NotaryAnswer{Seen: mine.X509})
	list[0].Pins[0][0] ^= 1
	j, err := notary.New(notary.Config{Notaries: list, Dial: secure})
	if err != nil {
		t.Fatal(err)
	}
	check(t, j.Judge(t.Context(), question(mine)), judge.Error, "another key")
	if asked := servers[0].Asked(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
}

// TestTime: silent notaries hold the judge no longer than its context.
func TestTime(t *testing.T) {
	mine := testutil.SelfSigned(t, testutil.Leaf{})
	list, _ := notaries(t, testutil.NotaryAnswer{Silent: true}, testutil.NotaryAnswer{Silent: true})
	j, err := notary.New(notary.Config{Notaries: list, Dial: secure})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	check(t, j.Judge(ctx, question(mine)), judge.Error, "gave no answer")
}

// TestUnseen: notaries learn nothing of what they cannot see.
func TestUnseen(t *testing.T) {
	mine := testutil.SelfSigned(t, testutil.Leaf{})
	list, servers := notaries(t, testutil.NotaryAnswer{Seen: mine.X509})
	j, err := notary.New(notary.Config{Notaries: list, Dial: secure})
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*judge.Question){
		"a client":           func(q *judge.Question) { q.Role = judge.Client },
		"no name":            func(q *judge.Question) { q.Host = "" },
		"a private server":   func(q *judge.Question) { q.Remote = netip.MustParseAddrPort("10.1.2.3:443") },
		"a private address":  func(q *judge.Question) { q.Host, q.Remote = "192.168.1.1", netip.AddrPort{} },
		"a loopback address": func(q *judge.Question) { q.Host, q.Remote = "[::1]", netip.AddrPort{} },
	} {
		q := question(mine)
		change(q)
		if v := j.Judge(t.Context(), q); v.Answer != judge.Abstain {
			t.Errorf("%s: %s: %s", name, v.Answer, v.Reason)
		}
	}
	if asked := servers[0].Asked(); len(asked) > 0 {
		t.Errorf("asked for %q", asked)
	}
	inside, err := notary.New(notary.Config{Notaries: list, Dial: secure, Inside: true})
	if err != nil {
		t.Fatal(err)
	}
	q := question(mine)
	q.Host, q.Remote = "10.1.2.3", netip.MustParseAddrPort("10.1.2.3:443")
	check(t, inside.Judge(t.Context(), q), judge.Valid, "")
	if asked := servers[0].Asked(); !slices.Equal(asked, []string{"10.1.2.3 443"}) {
		t.Errorf("asked for %q", asked)
	}
}

func TestConfig(t *testing.T) {
	one := notary.Notary{Name: "n", Address: "192.0.2.1:443", Pins: [][sha256.Size]byte{{}}}
	for name, c := range map[string]notary.Config{
		"bad none":        {Dial: secure},
		"bad many":        {Dial: secure, Notaries: slices.Repeat([]notary.Notary{one}, 17)},
		"bad agree":       {Dial: secure, Notaries: []notary.Notary{one}, Agree: 2},
		"bad negative":    {Dial: secure, Notaries: []notary.Notary{one}, Agree: -1},
		"bad no way":      {Notaries: []notary.Notary{one}},
		"bad without pin": {Dial: secure, Notaries: []notary.Notary{{Name: "n", Address: "192.0.2.1:443"}}},
	} {
		if _, err := notary.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// FuzzDecode: a report is about what was asked, or refused.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"host":"www.example.com","port":443,"now":"2026-01-02T03:04:05Z","seen":[]}`))
	f.Add([]byte(`{"host":"www.example.com","port":443,"seen":[{"key":"` + strings.Repeat("0f", 32) + `","last":"2026-01-02T03:04:05Z"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := notary.Decode(body, "www.example.com", 443)
		if err == nil && (r.Host != "www.example.com" || r.Port != 443 || len(r.Seen) > notary.ObservationsMax) {
			t.Errorf("%+v", r)
		}
	})
}
