package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// results are all numbers of a run.
type results struct {
	Started time.Time `json:"started"`
	Seconds float64   `json:"seconds"`
	CPUs    int       `json:"cpus"`
	Kernel  string    `json:"kernel"`
	// Load is the machine's load average before the run: what else it did.
	Load string `json:"load"`
	// Sections are what was measured, in order.
	Sections []section `json:"sections"`
	// Notes say what of this run is not as it could be, such as a proxy that is not installed.
	Notes  []string  `json:"notes,omitempty"`
	Series []*series `json:"series"`
}

// section is one of measurements, with the seconds it took.
type section struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// note is written once.
func (r *results) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.Notes, text) {
		r.Notes = append(r.Notes, text)
	}
}

// series are the samples of one side in one row of a table.
type series struct {
	Group string `json:"group"`
	Name  string `json:"name"`
	Unit  string `json:"unit"`
	Side  string `json:"side"`
	// X is what a plot has on its horizontal axis, such as a number of processes; 0 where there is none.
	X float64 `json:"x,omitempty"`
	// Samples are in the order in which they were taken.
	Samples []float64 `json:"samples"`
}

func newResults() *results {
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	load, _ := os.ReadFile("/proc/loadavg")
	r := &results{Started: time.Now().UTC(), CPUs: runtime.NumCPU(), Kernel: trim(kernel), Load: trim(load)}
	if !sameGroups() {
		r.note("Without root TLS sockets keep the machine's policy: they offer X25519MLKEM768 besides, and pay for its key.")
	}
	return r
}

func trim(b []byte) string {
	for len(b) > 0 && b[len(b)-1] == '\n' {
		b = b[:len(b)-1]
	}
	return string(b)
}

// add puts samples into the series that is like s.
func (r *results) add(s series, samples ...float64) {
	at := r.find(s.Group, s.Name, s.Side, s.X)
	if at == nil {
		at = &s
		r.Series = append(r.Series, at)
	}
	at.Samples = append(at.Samples, samples...)
}

func (r *results) find(group, name, side string, x float64) *series {
	i := slices.IndexFunc(r.Series, func(s *series) bool {
		return s.Group == group && s.Name == name && s.Side == side && s.X == x
	})
	if i < 0 {
		return nil
	}
	return r.Series[i]
}

// quantile is the value below which a part of the samples lies.
func (s *series) quantile(part float64) float64 {
	if s == nil || len(s.Samples) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s.Samples))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func (s *series) median() float64 { return s.quantile(0.5) }

// resultsDir is ignored by version control.
var resultsDir = filepath.Join("bench", "results")

// latestLink leads to the folder of the last run.
const latestLink = "latest"

// keep writes the numbers, the report and the plots into a folder of their own.
func (r *results) keep(out io.Writer) error {
	name := r.Started.Format("20060102T150405Z")
	dir := filepath.Join(resultsDir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, numbersFile), data, 0o644), r.render(dir)); err != nil {
		return err
	}
	link := filepath.Join(resultsDir, latestLink)
	_ = os.Remove(link)
	if err := os.Symlink(name, link); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\nwritten to %s\n", r.report(), dir)
	return err
}

// The files of a run.
const (
	numbersFile = "results.json"
	reportFile  = "README.md"
)

// render writes what is made of the numbers.
func (r *results) render(dir string) error {
	errs := []error{os.WriteFile(filepath.Join(dir, reportFile), []byte(r.report()), 0o644)}
	for _, p := range r.plots() {
		errs = append(errs, os.WriteFile(filepath.Join(dir, p.name+".svg"), []byte(p.svg()), 0o644))
	}
	return errors.Join(errs...)
}

// renderAgain writes the report of a run once more, after the notes have changed.
func renderAgain(dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, numbersFile))
	if err != nil {
		return err
	}
	var r results
	if err := json.Unmarshal(data, &r); err != nil {
		return fmt.Errorf("read %s of %s: %w", numbersFile, dir, err)
	}
	return r.render(dir)
}
