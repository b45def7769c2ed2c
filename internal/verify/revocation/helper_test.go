package revocation_test

import (
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/revocation"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// stage is an authority with a responder and a host for lists, a certificate that names both, and a judge.
type stage struct {
	root, leaf     *ca.Entity
	responder, crl *ca.Server
	config         revocation.Config
	judge          *revocation.Judge
}

// refuse is a server that must not be asked.
func refuse(t *testing.T) http.HandlerFunc {
	return func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked for", r.URL) }
}

func newStage(t *testing.T, leaf ...ca.Edit) *stage {
	t.Helper()
	s := &stage{root: ca.Root(t, "root"), responder: ca.NewServer(t, refuse(t)), crl: ca.NewServer(t, refuse(t))}
	names := []ca.Edit{ca.Subject("leaf"), ca.Hosts(ca.Host), ca.RespondersAt(s.responder.URL), ca.ListsAt(s.crl.URL + "/crl")}
	s.leaf = s.root.Issue(t, append(names, leaf...)...)
	fetcher := fetch.New(fetch.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{s.responder.Port, s.crl.Port},
	})
	s.config = revocation.Config{Fetch: fetcher.Fetch}
	return s
}

// start makes the judge.
func (s *stage) start(t *testing.T) {
	t.Helper()
	j, err := revocation.New(s.config)
	if err != nil {
		t.Fatal(err)
	}
	s.judge = j
	t.Cleanup(s.stop)
}

// stop ends the judge.
func (s *stage) stop() { _ = s.judge.Close() }

// changed says whether the judge has told of a revocation since it was asked last.
func (s *stage) changed() bool {
	select {
	case <-s.judge.Changes():
		return true
	default:
		return false
	}
}

// ask asks about the leaf, now.
func (s *stage) ask(t *testing.T, edits ...func(*judge.Question)) judge.Verdict {
	t.Helper()
	return s.askWith(t, judge.Sources{Stapled: true, OCSP: true, CRL: true}, edits...)
}

func (s *stage) askWith(t *testing.T, from judge.Sources, edits ...func(*judge.Question)) judge.Verdict {
	t.Helper()
	chain := ca.Plain(s.leaf, s.root)
	q := &judge.Question{Host: ca.Host, Chain: chain[:1], Paths: [][]*x509.Certificate{chain}, Time: time.Now(), Sources: from}
	for _, edit := range edits {
		edit(q)
	}
	ctx, cancel := context.WithTimeout(t.Context(), testutil.Patience)
	defer cancel()
	return s.judge.Judge(ctx, q)
}

func stapled(der []byte) func(*judge.Question) { return func(q *judge.Question) { q.OCSP = der } }

func check(t *testing.T, v judge.Verdict, want judge.Answer, text string) {
	t.Helper()
	if v.Answer != want || text == "" || !strings.Contains(v.Reason, text) {
		t.Errorf("verdict (-want +got):\n-%v: ...%s...\n+%v: %s", want, text, v.Answer, v.Reason)
	}
	if v.Answer == judge.Invalid && v.Kind != abi.Revoked && v.Kind != abi.Rejected {
		t.Errorf("kind %v", v.Kind)
	}
}

func write(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// wait waits until done says so.
func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(testutil.Patience); !done(); {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
		<-time.After(time.Millisecond)
	}
}
