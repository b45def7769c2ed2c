package linux

// HeldByLinks is Held where there is no kcmp(2).
func (t Task) HeldByLinks(s Sought) (h Held, err error) { return t.held(s, Task.linked) }
