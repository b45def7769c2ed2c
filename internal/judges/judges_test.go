package judges_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// mirror is a judge whose reason is what it was asked.
type mirror struct {
	changes chan struct{}
	closed  atomic.Bool
	updates atomic.Int32
}

// Sources implements catalogue: more than fit into one message.
func (*mirror) Sources() []api.RevocationSource {
	all := make([]api.RevocationSource, 1000)
	for i := range all {
		long := strings.Repeat("\x01", 1<<12)
		all[i] = api.RevocationSource{Kind: "crl", Source: strconv.Itoa(i), Issuer: long, Serial: long, Says: long, Problem: long}
	}
	return all
}

// Update implements catalogue.
func (m *mirror) Update(context.Context) []string {
	m.updates.Add(1)
	return slices.Repeat([]string{strings.Repeat("\x01", 1<<12)}, 1000)
}

func (*mirror) Name() string { return "mirror" }

func (m *mirror) Changes() <-chan struct{} { return m.changes }

func (m *mirror) Close() error { m.closed.Store(true); return nil }

func (*mirror) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	if q.Host == "wait.example" {
		<-ctx.Done()
		return judge.Errorf("gave up")
	}
	names := []string{q.Host, q.Remote.String(), q.App, q.Leaf().Subject.CommonName}
	for _, p := range q.Paths {
		for _, c := range p {
			names = append(names, c.Subject.CommonName)
		}
	}
	v := judge.Invalidf(abi.Revoked, "%s %d %d %s %s %v", strings.Join(names, " "), q.Port, q.UID, q.OCSP, q.SCTs, q.Sources)
	return v.For(q, time.Minute)
}

// serve gives a client of the process; both end with the test.
func serve(t *testing.T, load func() (judges.Bench, error)) *judges.Client {
	t.Helper()
	a, b, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- judges.Serve(context.WithoutCancel(t.Context()), b, load) }()
	calls, err := rpc.NewClient(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = calls.Close()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return judges.NewClient(calls)
}

// testCertificate is one in DER.
func testCertificate(t testing.TB) []byte {
	t.Helper()
	return testutil.NewCA(t, "ca").Cert.Raw
}

func question(t *testing.T) *judge.Question {
	t.Helper()
	authority := testutil.NewCA(t, "ca")
	leaf, ca := authority.Issue(t, testutil.Leaf{CommonName: "a.example"}).X509, authority.Cert
	return &judge.Question{
		Host: "a.example", Port: 443, Remote: netip.MustParseAddrPort("192.0.2.1:443"), App: "/bin/a", UID: 7,
		Chain: []*x509.Certificate{leaf}, Paths: [][]*x509.Certificate{{leaf, ca}}, OCSP: []byte("ocsp"), SCTs: [][]byte{[]byte("sct")},
		Sources: judge.Sources{OCSP: true},
		Time:    time.Unix(1e9, 0).UTC(),
	}
}

// TestQuestion: what is asked arrives, and so does the verdict.
func TestQuestion(t *testing.T) {
	q := question(t)
	c := serve(t, func() (judges.Bench, error) { return judges.NewBench(&mirror{}), nil })
	want := new(mirror).Judge(t.Context(), q)
	got := c.Judge("mirror").Judge(within(t), q)
	if got.Answer != want.Answer || got.Kind != want.Kind || got.Reason != want.Reason || !got.Until.Equal(want.Until) {
		t.Errorf("(-want +got):\n-%+v\n+%+v", want, got)
	}
	for name, edit := range map[string]func(*judge.Question){
		"bad too large": func(q *judge.Question) { q.OCSP = make([]byte, 100<<10) },
		"bad no chain":  func(q *judge.Question) { q.Chain = nil },
	} {
		odd := *q
		edit(&odd)
		if v := c.Judge("mirror").Judge(within(t), &odd); v.Answer != judge.Error {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if v := c.Judge("nobody").Judge(within(t), q); v.Answer != judge.Error || !strings.Contains(v.Reason, `no judge "nobody"`) {
		t.Errorf("no such judge: %+v", v)
	}
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// TestDeadline: nobody is waited for longer than the panel waits.
func TestDeadline(t *testing.T) {
	c := serve(t, func() (judges.Bench, error) { return judges.NewBench(&mirror{}), nil })
	q := question(t)
	q.Host = "wait.example"
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if v := c.Judge("mirror").Judge(ctx, q); v.Answer != judge.Error {
		t.Errorf("got %+v", v)
	}
}

// TestRevocations: all that the judges know from is listed, however much, and fetched again only when asked.
func TestRevocations(t *testing.T) {
	m := &mirror{}
	c := serve(t, func() (judges.Bench, error) { return judges.NewBench(m), nil })
	list, err := c.Revocations(within(t), false)
	if err != nil || m.updates.Load() != 0 || len(list.Problems) != 0 {
		t.Fatalf("%d updates, %v", m.updates.Load(), err)
	}
	for i, s := range list.Sources {
		if s.Source != strconv.Itoa(i) || len(s.Issuer) == 0 {
			t.Fatalf("source %d is %+v", i, s)
		}
	}
	if len(list.Sources) != 1000 {
		t.Errorf("%d sources", len(list.Sources))
	}
	list, err = c.Revocations(within(t), true)
	if err != nil || m.updates.Load() != 1 || len(list.Sources) != 1000 || len(list.Problems) == 0 {
		t.Errorf("%d updates, %d sources, %d problems, %v", m.updates.Load(), len(list.Sources), len(list.Problems), err)
	}
}

// TestReload: a new bench takes the place of the old one, which ends; one that is wrong changes nothing.
func TestReload(t *testing.T) {
	first, second := &mirror{}, &mirror{}
	loaded := 0
	c := serve(t, func() (judges.Bench, error) {
		loaded++
		if loaded == 2 {
			return nil, errors.New("broken")
		}
		return judges.NewBench([]judge.Judge{first, nil, second}[loaded-1]), nil
	})
	q := question(t)
	if err := c.Reload(within(t)); err == nil || first.closed.Load() {
		t.Errorf("a broken configuration: %v, closed %v", err, first.closed.Load())
	}
	if err := c.Reload(within(t)); err != nil {
		t.Error(err)
	}
	if v := c.Judge("mirror").Judge(within(t), q); v.Answer != judge.Invalid {
		t.Errorf("after the reload: %+v", v)
	}
	if n, err := c.Changed(within(t), 0); err != nil || n != 1 {
		t.Errorf("a reload is %d changes: %v", n, err)
	}
}

// TestBenchChanged: a change is told of once, whichever judge has it.
func TestBenchChanged(t *testing.T) {
	m := &mirror{changes: make(chan struct{}, 1)}
	b := judges.NewBench(m)
	if b.Changed() {
		t.Error("changed from the beginning")
	}
	m.changes <- struct{}{}
	if !b.Changed() || b.Changed() {
		t.Error("one change was not told of once")
	}
}

// TestChanged: a change that came between two calls is not missed.
func TestChanged(t *testing.T) {
	m := &mirror{changes: make(chan struct{})}
	c := serve(t, func() (judges.Bench, error) { return judges.NewBench(m), nil })
	m.changes <- struct{}{}
	n, err := c.Changed(within(t), 0)
	if err != nil || n != 1 {
		t.Fatalf("%d changes: %v", n, err)
	}
	ended := make(chan error, 1)
	go func() {
		n, err := c.Changed(within(t), n)
		if n != 2 {
			err = errors.Join(err, errors.New("not two changes"))
		}
		ended <- err
	}()
	m.changes <- struct{}{}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
