// Package lru has a bounded map that drops what was used least recently. It knows nothing of what it holds.
package lru

import (
	"container/list"
	"sync"
)

// A Map is a bounded map that drops the entry used least recently. It is safe for concurrent use.
type Map[K comparable, V any] struct {
	max int

	mu    sync.Mutex
	order *list.List
	at    map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

// New makes a Map of at most max entries; max is at least 1.
func New[K comparable, V any](max int) *Map[K, V] {
	return &Map[K, V]{max: max, order: list.New(), at: map[K]*list.Element{}}
}

// Get is the value of a key, which counts as a use.
func (m *Map[K, V]) Get(k K) (v V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.at[k]
	if !ok {
		return v, false
	}
	m.order.MoveToFront(e)
	return m.entry(e).value, true
}

// Put sets the value of a key.
func (m *Map[K, V]) Put(k K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(k)
	m.at[k] = m.order.PushFront(entry[K, V]{k, v})
	if m.order.Len() > m.max {
		m.drop(m.entry(m.order.Back()).key)
	}
}

// Remove takes a key out.
func (m *Map[K, V]) Remove(k K) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(k)
}

// Len is the number of entries.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}

// drop removes k; mu is held.
func (m *Map[K, V]) drop(k K) {
	if e, ok := m.at[k]; ok {
		m.order.Remove(e)
		delete(m.at, k)
	}
}

// entry reads a list element, which holds nothing else.
func (m *Map[K, V]) entry(e *list.Element) entry[K, V] {
	v, _ := e.Value.(entry[K, V])
	return v
}
