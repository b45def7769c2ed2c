// Package memo remembers answers until they run out, in a bounded number. It knows nothing of what it holds.
package memo

import (
	"container/list"
	"sync"
	"time"
)

// A Memo maps questions to answers. When it is full, the answer used least recently makes room. It is safe for
// concurrent use.
type Memo[K comparable, V any] struct {
	max int

	mu    sync.Mutex
	order *list.List
	at    map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
	until time.Time
}

// New makes a Memo for at most max answers; max is at least 1.
func New[K comparable, V any](max int) *Memo[K, V] {
	return &Memo[K, V]{max: max, order: list.New(), at: map[K]*list.Element{}}
}

// Get is the answer that was put for k, when it has not run out at now.
func (m *Memo[K, V]) Get(k K, now time.Time) (v V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.at[k]
	if !ok {
		return v, false
	}
	e := m.entry(at)
	if !now.Before(e.until) {
		m.drop(k)
		return v, false
	}
	m.order.MoveToFront(at)
	return e.value, true
}

// Put remembers v for k until a time, in the place of what was there for k.
func (m *Memo[K, V]) Put(k K, v V, until time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(k)
	m.at[k] = m.order.PushFront(entry[K, V]{k, v, until})
	if m.order.Len() > m.max {
		m.drop(m.entry(m.order.Back()).key)
	}
}

// Len is how many answers are held, those that have run out included.
func (m *Memo[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}

// drop removes k; mu is held.
func (m *Memo[K, V]) drop(k K) {
	if at, ok := m.at[k]; ok {
		m.order.Remove(at)
		delete(m.at, k)
	}
}

// entry reads a list element, which holds nothing else.
func (m *Memo[K, V]) entry(at *list.Element) entry[K, V] {
	e, _ := at.Value.(entry[K, V])
	return e
}
