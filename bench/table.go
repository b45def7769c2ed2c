package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// A row is one comparison: medians in its unit, where less is better.
type row struct {
	Group   string  `json:"group"`
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`
	With    float64 `json:"with"`
	Without float64 `json:"without"`
	// Samples is how many numbers the medians are of, on each side.
	Samples int `json:"samples"`
}

// scaled converts nanoseconds into the row's unit.
func (r row) scaled(by float64) row {
	r.With *= by
	r.Without *= by
	return r
}

func printTable(out io.Writer, rows []row) {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	group := ""
	for _, r := range rows {
		if r.Group != group {
			group = r.Group
			_, _ = fmt.Fprintf(t, "\n%s\twith ssa\twithout\tratio\tsamples\n", group)
		}
		_, _ = fmt.Fprintf(t, "  %s\t%.1f %s\t%.1f %s\t%.2f\t%d\n", r.Name, r.With, r.Unit, r.Without, r.Unit, r.With/r.Without, r.Samples)
	}
	_ = t.Flush()
	_, _ = fmt.Fprintln(out, "\nRatios are of medians; below 1 is in favour of ssa. \"Without\" is the same call, or OpenSSL in the process; of the policy, what it may take.")
}

// keep writes the rows to bench/results, which version control ignores.
func keep(rows []row) error {
	data, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	dir := filepath.Join("bench", "results")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, time.Now().UTC().Format("20060102T150405Z")+".json"), data, 0o644)
}
