package revocation_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/testutil/ca"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/revocation"
)

// clock is a time that tests move. Fetches under way look at it too.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) set(ahead time.Duration) { c.ahead.Store(int64(ahead)) }

func (c *clock) at(q *judge.Question) { q.Time = c.now() }

// TestCache: what was fetched answers without another fetch, in memory and after a restart.
func TestCache(t *testing.T) {
	s := newStage(t)
	s.config.Dir = filepath.Join(t.TempDir(), "revocation")
	s.responder.Serve(s.root.Answers(t))
	s.crl.Serve(ca.Document(s.root.CRLOf(t, nil)))
	s.start(t)
	for range 3 {
		check(t, s.ask(t), judge.Valid, "ocsp")
		check(t, s.askWith(t, judge.Sources{CRL: true}), judge.Valid, "crl")
	}
	s.stop()
	s.start(t)
	check(t, s.ask(t), judge.Valid, "ocsp")
	check(t, s.askWith(t, judge.Sources{CRL: true}), judge.Valid, "crl")
	if s.responder.Asked() != 1 || s.crl.Asked() != 1 {
		t.Errorf("asked %d and %d times", s.responder.Asked(), s.crl.Asked())
	}
	if s.changed() {
		t.Error("something was condemned")
	}
}

// files are those of the cache.
func files(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestHostileCache: nothing in the directory is believed that its issuer has not signed.
func TestHostileCache(t *testing.T) {
	s := newStage(t)
	dir := filepath.Join(t.TempDir(), "revocation")
	s.config.Dir = dir
	s.responder.Serve(s.root.Answers(t))
	s.start(t)
	check(t, s.ask(t), judge.Valid, "ocsp")
	s.stop()
	all := files(t, dir)
	if len(all) != 1 {
		t.Fatalf("files: %q", all)
	}
	path := all[0]
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	evil := ca.Root(t, "root")
	forged := bytes.Replace(text, in64(s.root), in64(evil), 1)
	for name, bad := range map[string][]byte{
		"cut":              text[:len(text)-1],
		"damaged":          append(bytes.Clone(text[:len(text)-1]), text[len(text)-1]^1),
		"another's":        forged,
		"empty":            nil,
		"garbage":          []byte("garbage"),
		"head without end": text[:30],
		"longer":           append(bytes.Clone(text), 0),
	} {
		t.Run("bad "+name, func(t *testing.T) {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			before := s.responder.Asked()
			s.start(t)
			if left := files(t, dir); len(left) != 0 {
				t.Errorf("left: %q", left)
			}
			check(t, s.ask(t), judge.Valid, "ocsp")
			if s.responder.Asked() != before+1 {
				t.Error("the responder was not asked")
			}
			s.stop()
		})
	}
	t.Run("bad name", func(t *testing.T) {
		s.start(t)
		s.stop()
		if err := os.Rename(path, filepath.Join(dir, "0000.rev")); err != nil {
			t.Fatal(err)
		}
		s.start(t)
		if left := files(t, dir); len(left) != 0 {
			t.Errorf("left: %q", left)
		}
	})
}

// in64 is the certificate as the head of a file has it.
func in64(e *ca.Entity) []byte { return []byte(base64.StdEncoding.EncodeToString(e.Raw)) }

// TestBounds: the cache makes room, in memory and on disk.
func TestBounds(t *testing.T) {
	s := newStage(t)
	s.config.Dir = filepath.Join(t.TempDir(), "revocation")
	// Lists of seven megabytes: the bound is in bytes.
	pad := s.root.CRLOf(t, nil, extension(false, make([]byte, 7<<20), 1, 2, 3))
	s.config.Fetch = func(context.Context, fetch.Request) ([]byte, error) { return pad, nil }
	s.start(t)
	for i := range 12 {
		leaf := s.root.Issue(t, ca.ListsAt("http://a.example/"+string(rune('a'+i))))
		chain := ca.Plain(leaf, s.root)
		check(t, s.ask(t, func(q *judge.Question) { q.Paths[0] = chain }), judge.Valid, "crl")
	}
	size := int64(0)
	for _, path := range files(t, s.config.Dir) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if n := len(s.judge.Sources()); n > 9 || n < 5 || size > 65<<20 {
		t.Errorf("%d entries, %d bytes on disk", n, size)
	}
}

// TestWaiting: a question waits no longer than it may; the fetch goes on for the next one.
func TestWaiting(t *testing.T) {
	s := newStage(t)
	begin := make(chan struct{})
	s.responder.Serve(ca.Slow(begin, s.root.Answers(t)))
	s.start(t)
	chain := ca.Plain(s.leaf, s.root)
	q := &judge.Question{Chain: chain[:1], Paths: [][]*x509.Certificate{chain}, Time: time.Now(), Sources: judge.Sources{OCSP: true}}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-s.responder.Arrived(); cancel() }()
	check(t, s.judge.Judge(ctx, q), judge.Error, "no answer yet")
	close(begin)
	wait(t, "the answer in the cache", func() bool { return len(s.judge.Sources()) == 1 })
	done, stop := context.WithCancel(t.Context())
	stop()
	check(t, s.judge.Judge(done, q), judge.Valid, "ocsp")
	if s.responder.Asked() != 1 {
		t.Errorf("asked %d times", s.responder.Asked())
	}
}

// TestClose: no fetch outlives the judge.
func TestClose(t *testing.T) {
	s := newStage(t)
	s.responder.Serve(ca.Silent(nil))
	s.start(t)
	answered := make(chan judge.Verdict)
	go func() { answered <- s.askWith(t, judge.Sources{OCSP: true}) }()
	<-s.responder.Arrived()
	s.stop()
	check(t, <-answered, judge.Error, "canceled")
	check(t, s.ask(t), judge.Error, "has ended")
}

// TestRetry: a source that fails is left alone for a while.
func TestRetry(t *testing.T) {
	s, c := newStage(t), &clock{}
	s.config.Now = c.now
	s.responder.Serve(http.NotFound)
	s.start(t)
	from := judge.Sources{OCSP: true}
	for range 3 {
		check(t, s.askWith(t, from, c.at), judge.Error, "404")
	}
	if s.responder.Asked() != 1 {
		t.Errorf("asked %d times", s.responder.Asked())
	}
	if e := s.judge.Sources(); len(e) != 1 || e[0].Source != s.responder.URL || e[0].Problem == "" {
		t.Errorf("status: %+v", e)
	}
	s.responder.Serve(s.root.Answers(t))
	c.set(revocation.RetryTime + time.Second)
	check(t, s.askWith(t, from, c.at), judge.Valid, "ocsp")
}

// TestRefresh: what is in use is fetched again before it is out of date, and a revocation is told of.
func TestRefresh(t *testing.T) {
	s, c := newStage(t), &clock{}
	s.config.Now = c.now
	s.responder.Serve(s.root.Answers(t))
	s.start(t)
	check(t, s.ask(t), judge.Valid, "ocsp")
	s.judge.Refetch()
	c.set(5 * time.Hour)
	s.judge.Refetch()
	c.set(7 * time.Hour)
	s.responder.Serve(s.root.Answers(t, ca.Made(c.now()), ca.Revoked(1)))
	s.judge.Refetch()
	wait(t, "the revocation", s.changed)
	if s.responder.Asked() != 2 {
		t.Errorf("asked %d times", s.responder.Asked())
	}
	check(t, s.ask(t, c.at), judge.Invalid, "keyCompromise")
	// An older response does not take its place.
	s.responder.Serve(s.root.Answers(t))
	c.set(20 * time.Hour)
	s.judge.Refetch()
	wait(t, "the third request", func() bool { return s.responder.Asked() == 3 })
	check(t, s.ask(t, c.at), judge.Invalid, "keyCompromise")
	c.set(20*time.Hour + revocation.IdleTime + 48*time.Hour)
	s.judge.Refetch()
	if e := s.judge.Sources(); len(e) != 0 {
		t.Errorf("kept: %+v", e)
	}
}

// TestChangedFiles: a list that changes on disk counts from then on.
func TestChangedFiles(t *testing.T) {
	s := newStage(t)
	s.config.Fetch = nil
	path := write(t, s.root.CRLOf(t, nil))
	s.config.Lists = []string{path}
	s.config.Look = time.Millisecond
	s.start(t)
	check(t, s.ask(t), judge.Valid, "not revoked")
	next := write(t, s.root.CRLOf(t, ca.Plain(s.leaf)))
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
	wait(t, "the revocation", s.changed)
	check(t, s.ask(t), judge.Invalid, path)
}

// TestUpdate: everything is fetched again at once.
func TestUpdate(t *testing.T) {
	s := newStage(t)
	s.crl.Serve(ca.Document(s.root.CRLOf(t, nil)))
	s.start(t)
	from := judge.Sources{CRL: true}
	check(t, s.askWith(t, from), judge.Valid, "crl")
	s.crl.Serve(ca.Document(s.root.CRLOf(t, ca.Plain(s.leaf))))
	if problems := s.judge.Update(t.Context()); len(problems) != 0 {
		t.Fatal(problems)
	}
	if !s.changed() {
		t.Error("nothing was told of the revocation")
	}
	check(t, s.askWith(t, from), judge.Invalid, "crl")
	s.crl.Serve(http.NotFound)
	if problems := s.judge.Update(t.Context()); len(problems) != 1 || !strings.Contains(problems[0], "404") {
		t.Errorf("problems: %q", problems)
	}
	check(t, s.askWith(t, from), judge.Invalid, "crl")
}

// TestAge: the administrator can bound how old an answer may be.
func TestAge(t *testing.T) {
	s := newStage(t)
	s.config.Age = 30 * time.Minute
	s.responder.Serve(s.root.Answers(t))
	s.crl.Serve(http.NotFound)
	s.start(t)
	check(t, s.ask(t, stapled(s.root.Response(t, s.leaf.Certificate))), judge.Error, "longer ago than 30m0s")
}

// FuzzEntry: a file of the cache that is believed says after decoding and encoding what it said before.
func FuzzEntry(f *testing.F) {
	root := ca.Root(f, "root")
	for _, text := range revocation.Files(f, root) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once, err := revocation.Reencode(text)
		if err != nil {
			return
		}
		twice, err := revocation.Reencode(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q became %q (%v)", once, twice, err)
		}
	})
}

// BenchmarkKnown is a question whose answer has been fetched.
func BenchmarkKnown(b *testing.B) {
	root := ca.Root(b, "root")
	leaf := root.Issue(b, ca.RespondersAt("http://a.example/"))
	j, err := revocation.New(revocation.Config{Fetch: func(context.Context, fetch.Request) ([]byte, error) {
		return root.Response(b, leaf.Certificate), nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	chain := ca.Plain(leaf, root)
	q := &judge.Question{Chain: chain[:1], Paths: [][]*x509.Certificate{chain}, Time: time.Now(), Sources: judge.Sources{OCSP: true}}
	for b.Loop() {
		if v := j.Judge(b.Context(), q); v.Answer != judge.Valid {
			b.Fatal(v.Reason)
		}
	}
}
