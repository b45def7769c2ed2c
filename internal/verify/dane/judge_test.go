package dane_test

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/dane"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

const (
	host  = "www.example.com"
	base  = "TLSA _443._tcp.www.example.com."
	alias = "TLSA _443._tcp.web.example.net."
)

// tlsa is a record for a certificate.
func tlsa(owner string, usage, selector, matching int, c *x509.Certificate) string {
	data := c.Raw
	if selector == 1 {
		data = c.RawSubjectPublicKeyInfo
	}
	switch matching {
	case 1:
		sum := sha256.Sum256(data)
		data = sum[:]
	case 2:
		sum := sha512.Sum512(data)
		data = sum[:]
	}
	return fmt.Sprintf("%s 300 IN TLSA %d %d %d %x", strings.TrimPrefix(owner, "TLSA "), usage, selector, matching, data)
}

// site is a server with a chain of three, and another CA that has nothing to do with it.
type site struct {
	leaf, middle, root, stranger *x509.Certificate
}

func newSite(t testing.TB, l testutil.Leaf) site {
	t.Helper()
	root := testutil.NewCA(t, "root")
	middle := root.Intermediate(t, testutil.Leaf{CommonName: "middle", CA: true})
	return site{leaf: middle.Issue(t, l).X509, middle: middle.Cert, root: root.Cert, stranger: testutil.NewCA(t, "stranger").Cert}
}

// question is what is asked about the site; trusted says whether its root is in the trust store.
func (s site) question(trusted bool) *judge.Question {
	q := &judge.Question{Host: host, Port: 443, Chain: []*x509.Certificate{s.leaf, s.middle}, Time: time.Now()}
	if trusted {
		q.Paths = [][]*x509.Certificate{{s.leaf, s.middle, s.root}}
	}
	return q
}

func newJudge(t testing.TB, resolver string) *dane.Judge {
	t.Helper()
	j, err := dane.New(dane.Config{Resolver: resolver})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func check(t *testing.T, v judge.Verdict, want judge.Answer, reason string) {
	t.Helper()
	if v.Answer != want || !strings.Contains(v.Reason, reason) {
		t.Errorf("%s: %s; want %s with %q", v.Answer, v.Reason, want, reason)
	}
}

// TestMatching goes through all usages, selectors and matching types.
func TestMatching(t *testing.T) {
	s := newSite(t, testutil.Leaf{Names: []string{host}})
	server := testutil.NewDNSServer(t)
	for _, selector := range []int{0, 1} {
		for _, matching := range []int{0, 1, 2} {
			for usage, row := range map[int]struct {
				right   *x509.Certificate
				trusted bool
			}{0: {s.root, true}, 1: {s.leaf, true}, 2: {s.middle, false}, 3: {s.leaf, false}} {
				server.Set(base, testutil.DNSAnswer{Records: []string{tlsa(base, usage, selector, matching, row.right)}})
				v := newJudge(t, server.Addr).Judge(t.Context(), s.question(row.trusted))
				check(t, v, judge.Valid, fmt.Sprintf("%d %d %d", usage, selector, matching))
				if life := time.Until(v.Until); life < 4*time.Minute || life > 5*time.Minute {
					t.Errorf("kept for %v, the record for 300s", life)
				}
				server.Set(base, testutil.DNSAnswer{Records: []string{tlsa(base, usage, selector, matching, s.stranger)}})
				v = newJudge(t, server.Addr).Judge(t.Context(), s.question(row.trusted))
				check(t, v, judge.Invalid, fmt.Sprintf("%d %d %d", usage, selector, matching))
			}
		}
	}
}

// TestRecords are the rules beyond equality.
func TestRecords(t *testing.T) {
	long := time.Now().Add(-2 * time.Hour)
	good := newSite(t, testutil.Leaf{Names: []string{host}})
	expired := newSite(t, testutil.Leaf{Names: []string{host}, NotBefore: long, NotAfter: long.Add(time.Hour)})
	other := newSite(t, testutil.Leaf{Names: []string{"other.example.com"}})
	client := newSite(t, testutil.Leaf{Names: []string{host}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	rec := func(usage, selector, matching int, c *x509.Certificate) string {
		return tlsa(base, usage, selector, matching, c)
	}
	rows := map[string]struct {
		site    site
		trusted bool
		answer  testutil.DNSAnswer
		want    judge.Answer
		reason  string
	}{
		"ok one of two":                       {good, false, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, good.stranger), rec(3, 1, 1, good.leaf)}}, judge.Valid, ""},
		"ok DANE-EE whatever the period":      {expired, false, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, expired.leaf)}}, judge.Valid, ""},
		"ok DANE-EE whatever the name":        {other, false, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, other.leaf)}}, judge.Valid, ""},
		"ok DANE-TA of a CA that is not sent": {good, false, testutil.DNSAnswer{Records: []string{rec(2, 0, 0, good.root)}}, judge.Valid, ""},
		"ok large":                            {good, false, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, good.leaf)}, Large: true}, judge.Valid, ""},
		"ok in spite of strays":               {good, false, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, good.leaf)}, Strays: 20, Lie: []string{rec(3, 1, 1, good.stranger)}}, judge.Valid, ""},
		"bad DANE-TA expired":                 {expired, false, testutil.DNSAnswer{Records: []string{rec(2, 1, 1, expired.middle)}}, judge.Invalid, "expired"},
		"bad DANE-TA of another name":         {other, false, testutil.DNSAnswer{Records: []string{rec(2, 1, 1, other.middle)}}, judge.Invalid, "which is not for"},
		"bad DANE-TA for clients":             {client, false, testutil.DNSAnswer{Records: []string{rec(2, 1, 1, client.middle)}}, judge.Invalid, "key usage"},
		"bad DANE-TA is the leaf":             {good, false, testutil.DNSAnswer{Records: []string{rec(2, 1, 1, good.leaf)}}, judge.Invalid, ""},
		"bad PKIX-EE without path":            {good, false, testutil.DNSAnswer{Records: []string{rec(1, 1, 1, good.leaf)}}, judge.Invalid, "trust store"},
		"bad PKIX-TA without path":            {good, false, testutil.DNSAnswer{Records: []string{rec(0, 1, 1, good.middle)}}, judge.Invalid, "trust store"},
		"bad PKIX-TA is the leaf":             {good, true, testutil.DNSAnswer{Records: []string{rec(0, 1, 1, good.leaf)}}, judge.Invalid, ""},
		"bad weaker digest":                   {good, false, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, good.leaf), rec(3, 1, 2, good.stranger)}}, judge.Invalid, ""},
		"abstain unsigned":                    {good, true, testutil.DNSAnswer{Records: []string{rec(3, 1, 1, good.stranger)}, Unsigned: true}, judge.Abstain, "not signed"},
		"abstain none":                        {good, true, testutil.DNSAnswer{}, judge.Abstain, "no TLSA record for port 443"},
		"abstain unsigned none":               {good, true, testutil.DNSAnswer{Unsigned: true}, judge.Abstain, "not signed"},
		"abstain unusable": {good, true, testutil.DNSAnswer{Records: []string{"_443._tcp.www.example.com. 300 IN TLSA 9 1 1 00", "_443._tcp.www.example.com. 300 IN TLSA 3 1 1 00ff",
			"_443._tcp.www.example.com. 300 IN TLSA 3 7 1 00", "_443._tcp.www.example.com. 300 IN TLSA 3 1 9 00"}}, judge.Abstain, "none that can be used"},
		"error bogus":    {good, true, testutil.DNSAnswer{Code: dns.RcodeServerFailure}, judge.Error, "SERVFAIL"},
		"error refused":  {good, true, testutil.DNSAnswer{Code: dns.RcodeRefused}, judge.Error, "REFUSED"},
		"error nonsense": {good, true, testutil.DNSAnswer{Strays: 200, Lie: []string{rec(3, 1, 1, good.leaf)}}, judge.Error, "answer something else"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewDNSServer(t)
			server.Set(base, row.answer)
			check(t, newJudge(t, server.Addr).Judge(t.Context(), row.site.question(row.trusted)), row.want, row.reason)
		})
	}
}

// TestAlias: records of the name behind an alias come first, if the alias is authenticated; then those of the name itself.
func TestAlias(t *testing.T) {
	s := newSite(t, testutil.Leaf{Names: []string{"web.example.net"}})
	right, wrong := tlsa(alias, 2, 1, 1, s.middle), tlsa(base, 2, 1, 1, s.stranger)
	cname := "www.example.com. 300 IN CNAME web.example.net."
	for name, row := range map[string]struct {
		a, target, own testutil.DNSAnswer
		want           judge.Answer
		reason         string
	}{
		"ok the alias's records": {a: testutil.DNSAnswer{Records: []string{cname}}, target: testutil.DNSAnswer{Records: []string{right}},
			own: testutil.DNSAnswer{Records: []string{wrong}}, want: judge.Valid, reason: `"web.example.net"`},
		"bad the name's own": {a: testutil.DNSAnswer{Records: []string{cname}}, own: testutil.DNSAnswer{Records: []string{wrong}},
			want: judge.Invalid},
		"bad alias unsigned": {a: testutil.DNSAnswer{Records: []string{cname}, Unsigned: true}, target: testutil.DNSAnswer{Records: []string{right}},
			own: testutil.DNSAnswer{Records: []string{wrong}}, want: judge.Invalid},
		"bad name of the certificate": {own: testutil.DNSAnswer{Records: []string{tlsa(base, 2, 1, 1, s.middle)}}, want: judge.Invalid, reason: "not for"},
		"error bogus alias":           {a: testutil.DNSAnswer{Code: dns.RcodeServerFailure}, target: testutil.DNSAnswer{Records: []string{right}}, want: judge.Error},
	} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewDNSServer(t)
			server.Set("A www.example.com.", row.a)
			server.Set(alias, row.target)
			server.Set(base, row.own)
			check(t, newJudge(t, server.Addr).Judge(t.Context(), s.question(false)), row.want, row.reason)
		})
	}
}

func TestNothingToLookUp(t *testing.T) {
	server := testutil.NewDNSServer(t)
	j, s := newJudge(t, server.Addr), newSite(t, testutil.Leaf{Names: []string{host}})
	for name, change := range map[string]func(*judge.Question){
		"a client":     func(q *judge.Question) { q.Role = judge.Client },
		"no name":      func(q *judge.Question) { q.Host = "" },
		"an address":   func(q *judge.Question) { q.Host = "192.0.2.1" },
		"IPv6":         func(q *judge.Question) { q.Host = "[2001:db8::1]" },
		"a long name":  func(q *judge.Question) { q.Host = strings.Repeat("long.", 50) + "example" },
		"an escape":    func(q *judge.Question) { q.Host = `www\046example.com` },
		"two dots":     func(q *judge.Question) { q.Host = "www..example.com" },
		"spaces in it": func(q *judge.Question) { q.Host = "www example.com" },
	} {
		q := s.question(true)
		change(q)
		if v := j.Judge(t.Context(), q); v.Answer != judge.Abstain || v.Reason == "" {
			t.Errorf("%s: %s: %s", name, v.Answer, v.Reason)
		}
	}
	if asked := server.Asked(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
}

// TestMemory: a server's records are looked up once while they count, for every chain, however the name is written.
func TestMemory(t *testing.T) {
	server := testutil.NewDNSServer(t)
	s := newSite(t, testutil.Leaf{Names: []string{host}})
	server.Set(base, testutil.DNSAnswer{Records: []string{tlsa(base, 3, 1, 1, s.leaf)}})
	j, q := newJudge(t, server.Addr), s.question(false)
	check(t, j.Judge(t.Context(), q), judge.Valid, "")
	q.Host, q.Chain = "WWW.example.com.", []*x509.Certificate{s.stranger}
	check(t, j.Judge(t.Context(), q), judge.Invalid, "")
	want := []string{"udp A www.example.com.", "udp " + base}
	if asked := server.Asked(); !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	q.Time = q.Time.Add(301 * time.Second)
	check(t, j.Judge(t.Context(), q), judge.Invalid, "")
	if n := len(server.Asked()); n != 4 {
		t.Errorf("asked %d questions after the records had run out, want 4", n)
	}
}

// TestLife: an answer counts as long as the shortest-lived of what it rests on, and at most an hour; that there is none as
// long as the zone says, and not at all where it says nothing.
func TestLife(t *testing.T) {
	s := newSite(t, testutil.Leaf{Names: []string{host}})
	soa := "example.com. 900 IN SOA ns.example.com. admin.example.com. 1 1 1 1 40"
	record := tlsa(base, 3, 1, 1, s.leaf)
	for name, row := range map[string]struct {
		a, own testutil.DNSAnswer
		want   time.Duration
	}{
		"the record's":     {own: testutil.DNSAnswer{Records: []string{record}}, want: 300 * time.Second},
		"the address's":    {a: testutil.DNSAnswer{Records: []string{host + ". 20 IN A 192.0.2.1"}}, own: testutil.DNSAnswer{Records: []string{record}}, want: 20 * time.Second},
		"an hour":          {own: testutil.DNSAnswer{Records: []string{strings.Replace(record, " 300 ", " 86400 ", 1)}}, want: time.Hour},
		"nothing":          {own: testutil.DNSAnswer{Records: []string{strings.Replace(record, " 300 ", " 0 ", 1)}}},
		"that of the zone": {own: testutil.DNSAnswer{Authority: []string{soa}}, want: 40 * time.Second},
		"of no zone":       {own: testutil.DNSAnswer{}},
	} {
		t.Run(name, func(t *testing.T) {
			server := testutil.NewDNSServer(t)
			server.Set("A www.example.com.", row.a)
			server.Set(base, row.own)
			q := s.question(false)
			v := newJudge(t, server.Addr).Judge(t.Context(), q)
			if row.want == 0 && !v.Until.IsZero() || row.want > 0 && v.Until.Sub(q.Time) != row.want {
				t.Errorf("%s: kept until %v, want %v", v.Answer, v.Until, row.want)
			}
		})
	}
}

// TestSilence: without an answer the judge ends with the context and says so; it asks by TCP only after an answer.
func TestSilence(t *testing.T) {
	server := testutil.NewDNSServer(t)
	s := newSite(t, testutil.Leaf{Names: []string{host}})
	server.Set("A www.example.com.", testutil.DNSAnswer{Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	check(t, newJudge(t, server.Addr).Judge(ctx, s.question(true)), judge.Error, "no answer in time")
	server.Set("A www.example.com.", testutil.DNSAnswer{})
	server.Set(base, testutil.DNSAnswer{Large: true, Garbage: []byte("nonsense that nobody asked for")})
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	check(t, newJudge(t, server.Addr).Judge(ctx, s.question(true)), judge.Error, "no answer in time")
}

// TestStream: with Stream nothing goes by UDP.
func TestStream(t *testing.T) {
	server := testutil.NewDNSServer(t)
	s := newSite(t, testutil.Leaf{Names: []string{host}})
	server.Set(base, testutil.DNSAnswer{Records: []string{tlsa(base, 3, 1, 1, s.leaf)}})
	j, err := dane.New(dane.Config{Resolver: server.Addr, Stream: true})
	if err != nil {
		t.Fatal(err)
	}
	check(t, j.Judge(t.Context(), s.question(false)), judge.Valid, "")
	for _, q := range server.Asked() {
		if !strings.HasPrefix(q, "tcp ") {
			t.Errorf("asked %q", q)
		}
	}
	if _, err := dane.New(dane.Config{Resolver: "localhost:53"}); err == nil {
		t.Error("a resolver without address was accepted")
	}
}

// FuzzAnswer: whatever a resolver sends, a chain is only good by a record that is in it.
func FuzzAnswer(f *testing.F) {
	s := newSite(f, testutil.Leaf{Names: []string{host}})
	m := new(dns.Msg).SetQuestion("_443._tcp.www.example.com.", dns.TypeTLSA)
	m.Response, m.AuthenticatedData = true, true
	rr, err := dns.NewRR(tlsa(base, 3, 1, 1, s.stranger))
	if err != nil {
		f.Fatal(err)
	}
	m.Answer = []dns.RR{rr}
	raw, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, answer []byte) {
		j, err := dane.New(dane.Config{Resolver: "192.0.2.1:53", Stream: true, Dial: canned(answer)})
		if err != nil {
			t.Fatal(err)
		}
		v := j.Judge(t.Context(), s.question(true))
		if v.Answer == judge.Valid || v.Reason == "" {
			t.Errorf("%s: %s", v.Answer, v.Reason)
		}
	})
}
