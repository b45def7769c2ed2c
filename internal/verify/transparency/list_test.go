package transparency_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/transparency"
)

func TestParseList(t *testing.T) {
	a, b := testutil.NewCTLog(t, "log a", "first"), testutil.NewCTLog(t, "log b", "second")
	good := testutil.CTLogList(t, time.Now(), a, b)
	backwards := *a
	backwards.From, backwards.To = time.Now(), time.Now().Add(-time.Hour)
	change := func(old, new string) []byte {
		changed := bytes.ReplaceAll(good, []byte(old), []byte(new))
		if bytes.Equal(changed, good) {
			t.Fatalf("%s holds no %s", good, old)
		}
		return changed
	}
	for name, row := range map[string]struct {
		text []byte
		want string
	}{
		"bad empty":         {nil, "not a log list"},
		"bad no logs":       {[]byte(`{"operators":[]}`), "without logs"},
		"bad truncated":     {good[:len(good)-2], "not a log list"},
		"bad followed":      {append(bytes.Clone(good), " {}"...), "follows"},
		"bad state":         {change(`"usable"`, `"splendid"`), "unknown state"},
		"bad two states":    {change(`{"usable":`, `{"pending":{},"usable":`), "2 states"},
		"ok no state":       {change(`"state"`, `"mood"`), ""},
		"bad key":           {change(`"key":"M`, `"key":"N`), "log_id"},
		"bad operator":      {change(`"name":"first"`, `"name":""`), "operator without a name"},
		"bad log twice":     {testutil.CTLogList(t, time.Now(), a, a), "twice"},
		"bad interval":      {testutil.CTLogList(t, time.Now(), &backwards), "temporal_interval"},
		"bad larger":        {bytes.Repeat([]byte{' '}, transparency.ListMax+1), "more than"},
		"bad type":          {change(`"mmd":86400,`, `"mmd":86400,"description":7,`), "not a log list"},
		"ok":                {good, ""},
		"ok unknown fields": {change(`"mmd":`, `"colour":"blue","mmd":`), ""},
	} {
		_, err := transparency.ParseList(row.text)
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

// FuzzParseList: a list is good or refused, and a good one has logs.
func FuzzParseList(f *testing.F) {
	f.Add(testutil.CTLogList(f, time.Unix(1e9, 0), testutil.NewCTLog(f, "log", "operator")))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := transparency.ParseList(text)
		if (err == nil) != (l != nil) || l != nil && (l.Logs() == 0 || !json.Valid(text)) {
			t.Errorf("%v and %v", l, err)
		}
	})
}

// FuzzTimestamps: what a peer sends beside its certificate never counts unless a log has signed it.
func FuzzTimestamps(f *testing.F) {
	ca, log := testutil.NewCA(f, "fuzz"), testutil.NewCTLog(f, "log", "operator")
	list, err := transparency.ParseList(testutil.CTLogList(f, time.Now(), log))
	if err != nil {
		f.Fatal(err)
	}
	j, err := transparency.New(transparency.Config{List: list, Timestamps: 1})
	if err != nil {
		f.Fatal(err)
	}
	x := fixture{ca: ca}
	q := x.question(ca.Issue(f, testutil.Leaf{Names: []string{host}}))
	good := log.Certificate(f, q.Leaf())
	f.Add(log.Certificate(f, ca.Cert), []byte(nil))
	f.Add([]byte{0}, []byte("ocsp"))
	f.Fuzz(func(t *testing.T, timestamp, response []byte) {
		asked := *q
		asked.SCTs, asked.OCSP = [][]byte{timestamp}, response
		v := j.Judge(t.Context(), &asked)
		if v.Answer != judge.Invalid || v.Reason == "" {
			t.Errorf("%s: %s", v.Answer, v.Reason)
		}
		asked.SCTs = append(asked.SCTs, good)
		if v := j.Judge(t.Context(), &asked); v.Answer != judge.Valid {
			t.Errorf("with a good one beside: %s: %s", v.Answer, v.Reason)
		}
	})
}

// TestOpenSSLAgrees: the certificates these tests make are what OpenSSL takes for logged ones, so that judge and test do
// not only agree with each other.
func TestOpenSSLAgrees(t *testing.T) {
	testutil.Require(t, testutil.Program("openssl"))
	f := newFixture(t)
	cert := f.ca.IssueLogged(t, testutil.Leaf{Names: []string{host}}, f.a, f.c)
	server := testutil.OpenSSLServer(t, cert)
	_, port, _ := strings.Cut(server.Addr.String(), ":")
	file := testutil.CTLogFile(t, f.a, f.c)
	client := testutil.OpenSSLClient(t, port, "-CAfile", f.ca.Path, "-ct", "-ctlogfile", file, "-servername", host)
	client.WaitOutput(`(?s)SCTs present \(2\).*SCT validation status: valid.*SCT validation status: valid`)
	if v := newJudge(t, transparency.Config{List: f.list(t)}).Judge(t.Context(), f.question(cert)); v.Answer != judge.Valid {
		t.Errorf("%s: %s", v.Answer, v.Reason)
	}
}
