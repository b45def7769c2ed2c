// Command bench measures what TLS sockets cost: each row is a ratio against the same thing without ssa, measured in
// the same run, in turns, as medians. Run it from the root of the module after `make build`, as `make bench` does; with
// arguments it measures only what they name: calls, handshakes, transfers, memory, policy.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

// A measurement is one group of rows.
type measurement struct {
	name string
	run  func(*workshop) ([]row, error)
}

func measurements() []measurement {
	return []measurement{{"calls", calls}, {"handshakes", handshakes}, {"transfers", transfers}, {"memory", memory}, {"policy", decisions}}
}

// run makes the programs, measures what is named (everything when nothing is), and keeps the numbers in
// bench/results.
func run(out io.Writer, names []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	w, err := newWorkshop(ctx, out)
	if err != nil {
		return err
	}
	defer w.close()
	var all []row
	for _, m := range measurements() {
		if len(names) > 0 && !slices.Contains(names, m.name) {
			continue
		}
		rows, err := m.run(w)
		if err != nil {
			return err
		}
		all = append(all, rows...)
	}
	printTable(out, all)
	return keep(all)
}
