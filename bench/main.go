// Command bench measures TLS sockets beside what a program would use instead: OpenSSL, GnuTLS or Go's crypto/tls in the
// program, or stunnel, HAProxy or nginx in front of it. All sides are measured in one run and in turns, so that what else
// the machine does meets all alike. Run it from the root of the module after `make build`, as `make bench` does; with
// arguments it measures only what they name. It keeps every number in a folder of bench/results, with a report and plots;
// "render FOLDER" writes these once more from the numbers, after a change of NOTES.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

func main() {
	if err := start(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

// A measurement is one section of the report.
type measurement struct {
	name string
	run  func(*workshop) error
}

func measurements() []measurement {
	return []measurement{
		{"figure", figure}, {"server", servers}, {"bulk", bulk}, {"traffic", traffic}, {"peers", peers}, {"latency", latency}, {"scale", scale},
		{"handshakes", handshakes}, {"calls", calls}, {"inside", inside}, {"plain", plain}, {"coerce", coercion}, {"policy", decisions}, {"judges", judgements},
	}
}

// start runs the benchmark where TLS sockets offer what everybody does.
func start(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, linux.SIGTERM)
	defer stop()
	if len(args) == 2 && args[0] == "render" {
		return renderAgain(args[1])
	}
	if !outside() {
		return run(ctx, os.Stdout, args)
	}
	cmd, err := enter(ctx, args)
	if err != nil {
		return err
	}
	return cmd.Run()
}

// run makes the programs and measures what is named, everything when nothing is.
func run(ctx context.Context, out io.Writer, names []string) error {
	for _, name := range names {
		if !slices.ContainsFunc(measurements(), func(m measurement) bool { return m.name == name }) {
			return fmt.Errorf("no section is called %q", name)
		}
	}
	w, err := newWorkshop(ctx, out, workDir)
	if err != nil {
		return err
	}
	defer w.close()
	begun, failed := time.Now(), []error(nil)
	for _, m := range measurements() {
		if len(names) > 0 && !slices.Contains(names, m.name) || ctx.Err() != nil {
			continue
		}
		from := time.Now()
		err := m.run(w)
		w.results.Sections = append(w.results.Sections, section{m.name, time.Since(from).Seconds()})
		if err != nil { // the numbers of the others are still numbers
			failed = append(failed, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("no report is written: %w", err)
	}
	w.results.Seconds = time.Since(begun).Seconds()
	return errors.Join(append(failed, w.results.keep(out))...)
}
