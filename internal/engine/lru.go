package engine

import (
	"container/list"
	"sync"
)

// lru is a bounded map that drops the entry used least recently. It is safe for concurrent use.
type lru[K comparable, V any] struct {
	max int

	mu    sync.Mutex
	order *list.List
	at    map[K]*list.Element
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](max int) *lru[K, V] {
	return &lru[K, V]{max: max, order: list.New(), at: make(map[K]*list.Element)}
}

func (l *lru[K, V]) get(k K) (v V, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.at[k]
	if !ok {
		return v, false
	}
	l.order.MoveToFront(e)
	return l.value(e).value, true
}

func (l *lru[K, V]) put(k K, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(k)
	l.at[k] = l.order.PushFront(entry[K, V]{k, v})
	if l.order.Len() > l.max {
		l.drop(l.value(l.order.Back()).key)
	}
}

func (l *lru[K, V]) remove(k K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(k)
}

// drop removes k; mu is held.
func (l *lru[K, V]) drop(k K) {
	if e, ok := l.at[k]; ok {
		l.order.Remove(e)
		delete(l.at, k)
	}
}

// value reads a list element, which holds nothing but entries.
func (l *lru[K, V]) value(e *list.Element) entry[K, V] {
	v, _ := e.Value.(entry[K, V])
	return v
}
