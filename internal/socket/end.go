package socket

import "sync"

// An End is the end of a connection, as a Conn keeps it for those who ask. The zero End has not come. It is safe for
// concurrent use.
type End struct {
	mu   sync.Mutex
	come bool
	why  error
	then func()
}

// After has fn called at the end, at once when it has come; see Conn.AfterEnd.
func (e *End) After(fn func()) {
	e.mu.Lock()
	come, earlier := e.come, e.then
	switch {
	case come:
	case earlier == nil:
		e.then = fn
	default:
		e.then = func() { earlier(); fn() }
	}
	e.mu.Unlock()
	if come {
		fn()
	}
}

// Come says whether the end has come, and why.
func (e *End) Come() (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.come, e.why
}

// Reach is called at the end, once.
func (e *End) Reach(why error) {
	e.mu.Lock()
	then := e.then
	e.come, e.why, e.then = true, why, nil
	e.mu.Unlock()
	if then != nil {
		then()
	}
}
