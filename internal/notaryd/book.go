package notaryd

import (
	"crypto/x509"
	"slices"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/memo"
	"github.com/securesocketapi/ssa/internal/verify/notary"
)

// Bounds of what is kept, in memory, until the notary ends.
const (
	targetsMax = 16384
	// seenMax bounds the certificates of one server; the one seen longest ago makes room.
	seenMax = 16
	kept    = 30 * 24 * time.Hour
)

// book is what was seen where.
type book struct {
	mu    sync.Mutex
	pages *memo.Memo[target, page]
}

// page is one server.
type page struct {
	seen []notary.Observation
	// looked is when it was looked at last; failed is why nothing was seen then.
	looked time.Time
	failed error
}

func newBook() *book { return &book{pages: memo.New[target, page](targetsMax)} }

// recent is the page of a server that was looked at a moment ago.
func (b *book) recent(t target, now time.Time) (page, bool) {
	p, ok := b.pages.Get(t, now)
	return p, ok && now.Sub(p.looked) < fresh
}

// enter adds a look and gives all that was seen, latest first.
func (b *book) enter(t target, now time.Time, chain []*x509.Certificate, failed error) []notary.Observation {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, _ := b.pages.Get(t, now)
	p.looked, p.failed = now, failed
	if failed == nil {
		p.seen = add(p.seen, observation(chain[0], now))
	}
	b.pages.Put(t, p, now.Add(kept))
	return p.seen
}

// add puts an observation first. The list given stays as it is: it may be on its way to somebody.
func add(list []notary.Observation, o notary.Observation) []notary.Observation {
	same := func(have notary.Observation) bool { return have.Certificate == o.Certificate }
	if i := slices.IndexFunc(list, same); i >= 0 {
		o.First = list[i].First
	}
	all := slices.Concat([]notary.Observation{o}, slices.DeleteFunc(slices.Clone(list), same))
	return all[:min(len(all), seenMax)]
}
