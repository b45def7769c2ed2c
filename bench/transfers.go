package main

import (
	"fmt"
	"os/exec"
	"strconv"
)

// transfers measures how long bytes take over a connection that stands, in nanoseconds.
func transfers(w *workshop) ([]row, error) {
	var rows []row
	for _, size := range []struct {
		name          string
		bytes         int
		rounds, times int
	}{
		{"1 MB", 1e6, 4, 50},
		{"1 GB", 1e9, 3, 1},
	} {
		for _, direction := range []string{"download", "upload"} {
			w.say("%s, %s", direction, size.name)
			r, err := turns(size.rounds, size.times/5, func(s side) *exec.Cmd {
				return w.client(s, direction, strconv.Itoa(size.times), strconv.Itoa(size.bytes))
			})
			if err != nil {
				return nil, err
			}
			r.Group, r.Name, r.Unit = "data over one connection", fmt.Sprintf("%s of %s", direction, size.name), "ms"
			rows = append(rows, r.scaled(1e-6))
		}
	}
	return rows, nil
}
