package main

import (
	"encoding/json"
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

// keep writes the numbers, the report and the plots.
func (r *results) keep(out io.Writer) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	name := r.Started.Format("20060102T150405Z")
	files := map[string][]byte{name + ".json": data, name + ".md": []byte(r.report(name)), "latest.md": []byte(r.report(name))}
	for _, p := range r.plots() {
		files[name+"-"+p.name+".svg"] = []byte(p.svg())
	}
	if err := os.MkdirAll(resultsDir, 0o755); err != nil {
		return err
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(resultsDir, file), content, 0o644); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "%s\nwritten to %s\n", r.report(name), filepath.Join(resultsDir, name+".md"))
	return err
}
