package main

import "os/exec"

// handshakes measures connect, handshake, one byte and close, in nanoseconds. Each side offers what its
// library does by default.
func handshakes(w *workshop) ([]row, error) {
	var rows []row
	for _, mode := range []string{"full", "resumed"} {
		w.say("handshakes: %s", mode)
		r, err := turns(4, 20, func(s side) *exec.Cmd { return w.client(s, mode, "300") })
		if err != nil {
			return nil, err
		}
		r.Group, r.Name, r.Unit = "connect, handshake, one byte, close", mode, "µs"
		rows = append(rows, r.scaled(1e-3))
	}
	return rows, nil
}
