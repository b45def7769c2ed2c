package socket

import (
	"errors"
	"testing"
)

func TestEnd(t *testing.T) {
	why := errors.New("it broke")
	for _, row := range []struct {
		name          string
		before, after int
	}{
		{"ok nobody asks", 0, 0},
		{"ok one before", 1, 0},
		{"ok many before", 3, 0},
		{"ok one after", 0, 1},
		{"ok before and after", 2, 2},
	} {
		t.Run(row.name, func(t *testing.T) {
			var e End
			called := make([]int, row.before+row.after)
			ask := func(i int) { e.After(func() { called[i]++ }) }
			for i := range row.before {
				ask(i)
			}
			if come, err := e.Come(); come || err != nil {
				t.Errorf("before the end: come %v, %v", come, err)
			}
			for i, n := range called {
				if n != 0 {
					t.Errorf("before the end %d was called", i)
				}
			}
			e.Reach(why)
			for i := range row.after {
				ask(row.before + i)
			}
			if come, err := e.Come(); !come || !errors.Is(err, why) {
				t.Errorf("after the end: come %v, %v", come, err)
			}
			for i, n := range called {
				if n != 1 {
					t.Errorf("%d was called %d times", i, n)
				}
			}
		})
	}
}
