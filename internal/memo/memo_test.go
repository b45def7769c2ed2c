package memo_test

import (
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/memo"
)

func TestMemo(t *testing.T) {
	now := time.Unix(1000, 0)
	m := memo.New[string, int](2)
	m.Put("a", 1, now.Add(time.Second))
	if v, ok := m.Get("a", now); !ok || v != 1 {
		t.Errorf("before its time has run out: %d, %v", v, ok)
	}
	if _, ok := m.Get("a", now.Add(time.Second)); ok {
		t.Error("an answer that has run out was given")
	}
	if m.Len() != 0 {
		t.Error("an answer that has run out is kept after it was asked for")
	}
	m.Put("a", 1, now.Add(time.Hour))
	m.Put("b", 2, now.Add(time.Hour))
	m.Put("b", 3, now.Add(time.Hour))
	m.Get("a", now)
	m.Put("c", 4, now.Add(time.Hour))
	if _, ok := m.Get("b", now); ok {
		t.Error("the answer used least recently was kept")
	}
	if v, ok := m.Get("a", now); !ok || v != 1 {
		t.Error("an answer used recently was dropped")
	}
	if m.Len() != 2 {
		t.Errorf("holds %d answers, want 2", m.Len())
	}
}
