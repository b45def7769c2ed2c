package transparency_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/transparency"
)

const host = "www.example.com"

// fixture are a CA and three logs, two of one operator.
type fixture struct {
	ca      *testutil.CA
	a, b, c *testutil.CTLog
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	return fixture{
		ca: testutil.NewCA(t, "logged"),
		a:  testutil.NewCTLog(t, "log a", "first"), b: testutil.NewCTLog(t, "log b", "first"), c: testutil.NewCTLog(t, "log c", "second"),
	}
}

// list is the list of the fixture's logs, made now.
func (f fixture) list(t *testing.T) *transparency.List {
	t.Helper()
	l, err := transparency.ParseList(testutil.CTLogList(t, time.Now(), f.a, f.b, f.c))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (f fixture) question(c testutil.Certificate) *judge.Question {
	chain := []*x509.Certificate{c.X509, f.ca.Cert}
	return &judge.Question{Host: host, Port: 443, Chain: chain, Paths: [][]*x509.Certificate{chain}, Time: time.Now()}
}

func newJudge(t *testing.T, c transparency.Config) *transparency.Judge {
	t.Helper()
	j, err := transparency.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestEmbedded(t *testing.T) {
	leaf := testutil.Leaf{Names: []string{host}}
	hour, stranger := time.Hour, testutil.NewCTLog(t, "stranger", "third")
	rows := map[string]struct {
		logs   func(f *fixture) []*testutil.CTLog
		config transparency.Config
		want   judge.Answer
		reason string
	}{
		"ok two operators": {
			logs: func(f *fixture) []*testutil.CTLog { return []*testutil.CTLog{f.a, f.c} }, want: judge.Valid, reason: `"second"`},
		"ok one is enough here": {
			logs: func(f *fixture) []*testutil.CTLog { return []*testutil.CTLog{f.a} }, config: transparency.Config{Timestamps: 1},
			want: judge.Valid},
		"ok retired later": {
			logs: func(f *fixture) []*testutil.CTLog {
				f.c.State, f.c.Since, f.c.Time = "retired", time.Now().Add(-hour), time.Now().Add(-2*hour)
				return []*testutil.CTLog{f.a, f.c}
			}, want: judge.Valid},
		"ok inside the interval": {
			logs: func(f *fixture) []*testutil.CTLog {
				f.c.From, f.c.To = time.Now().Add(-hour), time.Now().Add(24*hour)
				return []*testutil.CTLog{f.a, f.c}
			}, want: judge.Valid},
		"bad one operator": {
			logs: func(f *fixture) []*testutil.CTLog { return []*testutil.CTLog{f.a, f.b} }, want: judge.Invalid, reason: "2 of at least 2 operators are needed"},
		"bad one log twice": {
			logs: func(f *fixture) []*testutil.CTLog { return []*testutil.CTLog{f.a, f.a} }, want: judge.Invalid, reason: "1 of 2 timestamps count"},
		"bad none": {
			logs: func(*fixture) []*testutil.CTLog { return nil }, want: judge.Invalid},
		"bad signature": {
			logs: func(f *fixture) []*testutil.CTLog { f.c.Lies = true; return []*testutil.CTLog{f.a, f.c} },
			want: judge.Invalid, reason: "wrong signature"},
		"bad from the future": {
			logs: func(f *fixture) []*testutil.CTLog {
				f.c.Time = time.Now().Add(hour)
				return []*testutil.CTLog{f.a, f.c}
			}, want: judge.Invalid, reason: "from the future"},
		"bad retired before": {
			logs: func(f *fixture) []*testutil.CTLog {
				f.c.State, f.c.Since = "retired", time.Now().Add(-hour)
				return []*testutil.CTLog{f.a, f.c}
			}, want: judge.Invalid, reason: "retired before"},
		"bad rejected log": {
			logs: func(f *fixture) []*testutil.CTLog { f.c.State = "rejected"; return []*testutil.CTLog{f.a, f.c} },
			want: judge.Invalid, reason: "that is rejected"},
		"bad pending log": {
			logs: func(f *fixture) []*testutil.CTLog { f.c.State = "pending"; return []*testutil.CTLog{f.a, f.c} },
			want: judge.Invalid, reason: "that is pending"},
		"bad log without state": {
			logs: func(f *fixture) []*testutil.CTLog { f.c.State = "-"; return []*testutil.CTLog{f.a, f.c} },
			want: judge.Invalid, reason: "that is pending"},
		"bad outside the interval": {
			logs: func(f *fixture) []*testutil.CTLog {
				f.c.From, f.c.To = time.Now().Add(-2*hour), time.Now()
				return []*testutil.CTLog{f.a, f.c}
			}, want: judge.Invalid, reason: "takes no certificates ending then"},
		"bad log of nobody's list": {
			logs: func(f *fixture) []*testutil.CTLog { return []*testutil.CTLog{f.a, stranger} }, want: judge.Invalid, reason: "not in the list"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			logs := row.logs(&f)
			config := row.config
			config.List = f.list(t)
			cert := f.ca.Issue(t, leaf)
			if logs != nil {
				cert = f.ca.IssueLogged(t, leaf, logs...)
			}
			v := newJudge(t, config).Judge(t.Context(), f.question(cert))
			if v.Answer != row.want || !strings.Contains(v.Reason, row.reason) {
				t.Errorf("%s: %s; want %s with %q", v.Answer, v.Reason, row.want, row.reason)
			}
			if v.Until.IsZero() {
				t.Error("the verdict is not kept")
			}
		})
	}
}

// TestBeside: timestamps of the handshake are for the certificate as it is, and the issuer is not needed.
func TestBeside(t *testing.T) {
	f := newFixture(t)
	j := newJudge(t, transparency.Config{List: f.list(t)})
	q := f.question(f.ca.Issue(t, testutil.Leaf{Names: []string{host}}))
	q.Chain, q.Paths = q.Chain[:1], nil
	q.SCTs = [][]byte{f.a.Certificate(t, q.Leaf()), f.c.Certificate(t, q.Leaf())}
	if v := j.Judge(t.Context(), q); v.Answer != judge.Valid {
		t.Errorf("ok in the handshake: %s: %s", v.Answer, v.Reason)
	}
	q.SCTs[1] = f.c.Certificate(t, f.ca.Cert)
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid || !strings.Contains(v.Reason, "wrong signature") {
		t.Errorf("bad for another certificate: %s: %s", v.Answer, v.Reason)
	}
	f.c.State, f.c.Since = "retired", time.Now()
	f.c.Time = time.Now().Add(-time.Hour)
	q.SCTs[1] = f.c.Certificate(t, q.Leaf())
	j = newJudge(t, transparency.Config{List: f.list(t)})
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid || !strings.Contains(v.Reason, "retired") {
		t.Errorf("bad retired log beside the certificate: %s: %s", v.Answer, v.Reason)
	}
}

// TestStapled: timestamps in a stapled OCSP response count too, whoever signed the response.
func TestStapled(t *testing.T) {
	f := newFixture(t)
	j := newJudge(t, transparency.Config{List: f.list(t)})
	q := f.question(f.ca.Issue(t, testutil.Leaf{Names: []string{host}}))
	q.OCSP = response(t, q, f.a.Certificate(t, q.Leaf()), f.c.Certificate(t, q.Leaf()))
	if v := j.Judge(t.Context(), q); v.Answer != judge.Valid {
		t.Errorf("ok: %s: %s", v.Answer, v.Reason)
	}
	good := q.OCSP
	q.OCSP = response(t, q, f.a.Certificate(t, q.Leaf()), f.c.Certificate(t, f.ca.Cert))
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid || !strings.Contains(v.Reason, "in the OCSP response has a wrong signature") {
		t.Errorf("bad timestamp: %s: %s", v.Answer, v.Reason)
	}
	q.OCSP = good[:len(good)-1]
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid || !strings.Contains(v.Reason, "cannot be read") {
		t.Errorf("bad response: %s: %s", v.Answer, v.Reason)
	}
	q.OCSP, q.Chain = good, f.question(f.ca.Issue(t, testutil.Leaf{Names: []string{host}})).Chain
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid {
		t.Errorf("bad for another certificate: %s: %s", v.Answer, v.Reason)
	}
}

// response is an OCSP response for the question's certificate, by somebody, with timestamps in it.
func response(t *testing.T, q *judge.Question, scts ...[]byte) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	value, err := asn1.Marshal(testutil.SCTList(scts...))
	if err != nil {
		t.Fatal(err)
	}
	der, err := ocsp.CreateResponse(q.Chain[1], q.Chain[1], ocsp.Response{
		Status: ocsp.Good, SerialNumber: q.Leaf().SerialNumber, ThisUpdate: q.Time, NextUpdate: q.Time.Add(time.Hour),
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 5}, Value: value}},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestIssuer: without the issuer what is inside the certificate proves nothing; another CA of the same name is not it.
func TestIssuer(t *testing.T) {
	f := newFixture(t)
	j := newJudge(t, transparency.Config{List: f.list(t)})
	q := f.question(f.ca.IssueLogged(t, testutil.Leaf{Names: []string{host}}, f.a, f.c))
	chain := q.Chain
	q.Chain, q.Paths = chain[:1], nil
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid || !strings.Contains(v.Reason, "issuer") {
		t.Errorf("bad without issuer: %s: %s", v.Answer, v.Reason)
	}
	q.Chain = []*x509.Certificate{chain[0], testutil.NewCA(t, "logged").Cert}
	if v := j.Judge(t.Context(), q); v.Answer != judge.Invalid {
		t.Errorf("bad issuer: %s: %s", v.Answer, v.Reason)
	}
	q.Chain = append(q.Chain, chain[1])
	if v := j.Judge(t.Context(), q); v.Answer != judge.Valid {
		t.Errorf("ok second of the name: %s: %s", v.Answer, v.Reason)
	}
}

func TestOtherAnswers(t *testing.T) {
	f := newFixture(t)
	old, err := transparency.ParseList(testutil.CTLogList(t, time.Now().Add(-71*24*time.Hour), f.a, f.b, f.c))
	if err != nil {
		t.Fatal(err)
	}
	j := newJudge(t, transparency.Config{List: old})
	few := f.question(f.ca.IssueLogged(t, testutil.Leaf{Names: []string{host}}, f.a))
	if v := j.Judge(t.Context(), few); v.Answer != judge.Error || !strings.Contains(v.Reason, "too old") || !v.Until.IsZero() {
		t.Errorf("too few by an old list: %s: %s until %v", v.Answer, v.Reason, v.Until)
	}
	enough := f.question(f.ca.IssueLogged(t, testutil.Leaf{Names: []string{host}}, f.a, f.c))
	if v := j.Judge(t.Context(), enough); v.Answer != judge.Valid {
		t.Errorf("enough by an old list: %s: %s", v.Answer, v.Reason)
	}
	few.Role = judge.Client
	if v := j.Judge(t.Context(), few); v.Answer != judge.Abstain {
		t.Errorf("a client: %s: %s", v.Answer, v.Reason)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if v := j.Judge(ctx, enough); v.Answer != judge.Error {
		t.Errorf("without time: %s: %s", v.Answer, v.Reason)
	}
}

func TestConfig(t *testing.T) {
	list := newFixture(t).list(t)
	if list.Logs() != 3 || time.Since(list.Made()) > time.Minute {
		t.Errorf("the list has %d logs and is of %v", list.Logs(), list.Made())
	}
	for name, c := range map[string]transparency.Config{
		"bad no list":                    {},
		"bad too many timestamps":        {List: list, Timestamps: 9},
		"bad negative":                   {List: list, Timestamps: -1},
		"bad more operators than stamps": {List: list, Timestamps: 2, Operators: 3},
	} {
		if _, err := transparency.New(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
