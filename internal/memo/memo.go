// Package memo remembers answers until they run out, in a bounded number. It knows nothing of what it holds.
package memo

import (
	"time"

	"github.com/securesocketapi/ssa/internal/lru"
)

// A Memo maps questions to answers. When it is full, the answer used least recently makes room. It is safe for
// concurrent use.
type Memo[K comparable, V any] struct{ answers *lru.Map[K, answer[V]] }

type answer[V any] struct {
	value V
	until time.Time
}

// New makes a Memo for at most max answers; max is at least 1.
func New[K comparable, V any](max int) *Memo[K, V] { return &Memo[K, V]{lru.New[K, answer[V]](max)} }

// Get is the answer that was put for k, when it has not run out at now.
func (m *Memo[K, V]) Get(k K, now time.Time) (v V, ok bool) {
	a, ok := m.answers.Get(k)
	if ok && !now.Before(a.until) {
		m.answers.Remove(k)
		return v, false
	}
	return a.value, ok
}

// Put remembers v for k until a time, in the place of what was there for k.
func (m *Memo[K, V]) Put(k K, v V, until time.Time) { m.answers.Put(k, answer[V]{v, until}) }

// Len is how many answers are held, those that have run out included.
func (m *Memo[K, V]) Len() int { return m.answers.Len() }
