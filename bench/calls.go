package main

import "os/exec"

// calls measures trapped calls on sockets that are no TLS sockets, in nanoseconds.
func calls(w *workshop) ([]row, error) {
	var rows []row
	for _, name := range []string{"getsockname", "bind", "connect", "setsockopt"} {
		w.say("calls on other sockets: %s", name)
		r, err := turns(3, 1000, func(s side) *exec.Cmd {
			if s == without {
				return exec.CommandContext(w.ctx, w.path("calls"), name, "10000")
			}
			return exec.CommandContext(w.ctx, w.path("ssa"), "run", "--", w.path("calls"), name, "10000")
		})
		if err != nil {
			return nil, err
		}
		r.Group, r.Name, r.Unit = "a call on a socket that is not ours", name, "µs"
		rows = append(rows, r.scaled(1e-3))
	}
	return rows, nil
}
