package revocation

import (
	"context"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/fetch"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Config is what a Judge is made of.
type Config struct {
	// Fetch gets documents; nil fetches nothing.
	Fetch func(context.Context, fetch.Request) ([]byte, error)
	// Dir is the directory of the cache, which only this process may write; empty keeps what was fetched in memory.
	Dir string
	// Lists are files with revocation lists, in DER or PEM; CRLSet is a file with a CRLSet of Chromium.
	Lists  []string
	CRLSet string
	// Open opens these files; nil is os.Open.
	Open func(path string) (*os.File, error)
	// Age bounds how long ago an answer may have been made; 0 is as long as its issuer says it holds.
	Age time.Duration
	// Look is how often to look whether files have changed; 0 is two seconds.
	Look time.Duration
	// Now is the clock of what happens between questions; nil is time.Now.
	Now    func() time.Time
	Logger *slog.Logger
}

// A Judge judges by revocations. It is safe for concurrent use.
type Judge struct {
	c      Config
	store  *store
	files  *files
	failed *failures
	// changes has a value when a source says of a certificate that it is revoked and did not before.
	changes chan struct{}

	// ended is done when Close begins; fetching is what is then waited for.
	ended    context.Context
	end      context.CancelFunc
	fetching sync.WaitGroup

	// running begins the work between questions once there is some.
	running sync.Once

	mu      sync.Mutex
	closed  bool
	flights map[id]*flight
}

// New makes a Judge; what is in the directory is read and checked. Close ends it.
func New(c Config) (*Judge, error) {
	if c.Open == nil {
		c.Open = os.Open
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Look == 0 {
		c.Look = 2 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	for _, path := range append([]string{c.CRLSet}, c.Lists...) {
		if path != "" && !filepath.IsAbs(path) {
			return nil, fmt.Errorf("the file for revocations %q must have an absolute path", path)
		}
	}
	s, err := newStore(c.Dir, c.Logger)
	if err != nil {
		return nil, fmt.Errorf("read the revocation cache: %w", err)
	}
	j := &Judge{
		c: c, store: s, files: newFiles(c), failed: newFailures(), flights: map[id]*flight{}, changes: make(chan struct{}, 1),
	}
	j.ended, j.end = context.WithCancel(context.Background())
	j.files.refresh()
	if len(c.Lists) > 0 || c.CRLSet != "" || len(s.all) > 0 {
		j.keepFresh()
	}
	return j, nil
}

// Changes implements judge.Watcher.
func (j *Judge) Changes() <-chan struct{} { return j.changes }

// condemn says that a source says revoked.
func (j *Judge) condemn() {
	select {
	case j.changes <- struct{}{}:
	default: // it has not been told of the last one yet
	}
}

// Close ends all fetches and waits for that.
func (j *Judge) Close() error {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.end()
	j.fetching.Wait()
	return nil
}

// Name implements judge.Judge.
func (j *Judge) Name() string { return judge.Revocation }

// Judge implements judge.Judge. It takes the path about which the best is known.
func (j *Judge) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	if len(q.Paths) == 0 {
		return judge.Abstainf("no path to a trust anchor, so nobody to ask about revocations")
	}
	var best judge.Verdict
	for i, path := range q.Paths {
		v := j.path(ctx, &inquiry{judge: j, question: q, sources: q.Sources}, path)
		if v.Answer == judge.Valid {
			return v
		}
		if i == 0 || rank(v) > rank(best) {
			best = v
		}
	}
	return best
}

// rank orders what is not valid: a path that may be good counts more than one that is known to be bad.
func rank(v judge.Verdict) int {
	return map[judge.Answer]int{judge.Abstain: 2, judge.Error: 1}[v.Answer]
}

// path judges one path: every certificate of it must be good.
func (j *Judge) path(ctx context.Context, in *inquiry, path []*x509.Certificate) judge.Verdict {
	all := subjects(path)
	if len(all) == 0 {
		return judge.Abstainf("the certificate is a trust anchor itself; nobody could revoke it")
	}
	findings := in.consult(ctx, all)
	for i, f := range findings {
		if f.state == revoked {
			return judge.Invalidf(abi.Revoked, "the certificate %s is revoked: %s", all[i], f.text)
		}
	}
	if v, demanded := in.demanded(path); demanded {
		return v
	}
	return verdict(all, findings)
}

// demanded refuses a server that does not staple what a certificate of the path demands.
func (in *inquiry) demanded(path []*x509.Certificate) (judge.Verdict, bool) {
	if !in.sources.Stapled || in.question.Role != judge.Server || !slices.ContainsFunc(path[:len(path)-1], mustStaple) {
		return judge.Verdict{}, false
	}
	leaf := subjects(path)[0]
	f := in.staple(leaf)
	return judge.Invalidf(abi.Rejected, "the certificate %s demands that the server staples an OCSP response (TLS feature, RFC 7633): %s",
		leaf, f.orNone()), f.state != good
}

// verdict is about a path in which nothing is revoked.
func verdict(all []subject, findings []finding) judge.Verdict {
	texts := map[state][]string{}
	for i, f := range findings {
		texts[f.state] = append(texts[f.state], all[i].String()+": "+f.orNone())
	}
	switch {
	case texts[failed] != nil:
		return judge.Errorf("cannot find out whether a certificate is revoked: %s", strings.Join(texts[failed], "; "))
	case texts[nothing] != nil:
		return judge.Abstainf("no source says whether a certificate is revoked: %s", strings.Join(texts[nothing], "; "))
	}
	return judge.Validf("%s", strings.Join(texts[good], "; "))
}

func (f finding) orNone() string {
	if f.text == "" {
		return "nothing is known"
	}
	return f.text
}
