package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// notesFile has what a run cannot know: how to read it, why targets are missed, what was tried.
const notesFile = "bench/NOTES.md"

// report is the results for a reader, in Markdown: the targets first, then every table, then the notes.
func (r *results) report() string {
	var b strings.Builder
	notes := readNotes()
	fmt.Fprintf(&b, "# TLS sockets beside OpenSSL, GnuTLS, Go and proxies\n\n")
	fmt.Fprintf(&b, "Measured %s in %.0f seconds on %d processors, Linux %s, load average before it %s. All sides took turns in this\n"+
		"one run: TLS 1.3 with TLS_AES_128_GCM_SHA256, X25519 and an ECDSA key on P-256 unless a row says otherwise; every client\n"+
		"that is measured verifies the chain and the name. Numbers are medians with the quartiles in parentheses; every sample is in\n"+
		"[results.json](results.json). On a busy machine times favour the side with more threads; processor time does not.\n\n",
		r.Started.Format("2006-01-02 15:04 UTC"), r.Seconds, r.CPUs, r.Kernel, r.Load)
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "* %s\n", note)
	}
	r.writeTargets(&b)
	r.writeMissed(&b, notes)
	for _, g := range r.groups() {
		r.writeGroup(&b, g)
		for _, p := range r.plots() {
			if p.group == g {
				fmt.Fprintf(&b, "![%s](%s.svg)\n\n", p.title, p.name)
			}
		}
	}
	for _, n := range notes {
		if !strings.HasPrefix(n.title, missedTitle) {
			fmt.Fprintf(&b, "## %s\n%s", n.title, n.text)
		}
	}
	fmt.Fprintf(&b, "\n## How long each section took\n\n| | s |\n|---|---|\n")
	for _, s := range r.Sections {
		fmt.Fprintf(&b, "| %s | %.0f |\n", s.Name, s.Seconds)
	}
	return b.String()
}

// missedTitle begins the notes about targets that are missed; the beginning of the names of their groups follows.
const missedTitle = "Missed: "

type note struct{ title, text string }

// readNotes gives the parts of the notes.
func readNotes() []note {
	text, err := os.ReadFile(notesFile)
	if err != nil {
		return nil
	}
	var all []note
	for _, part := range strings.Split("\n"+string(text), "\n## ")[1:] {
		title, rest, _ := strings.Cut(part, "\n")
		all = append(all, note{title, rest + "\n"})
	}
	return all
}

func (r *results) writeTargets(b *strings.Builder) {
	fmt.Fprintf(b, "\n## Targets\n\n| what | number | target | is | |\n|---|---|---|---|---|\n")
	for _, t := range targets() {
		value, ok, known := r.reached(t)
		if !known {
			continue
		}
		sign, verdict := when(t.least, "≥", "≤"), "reached"
		if !ok {
			verdict = "**missed** " + t.by(value)
		}
		fmt.Fprintf(b, "| %s | %s | %s %.3g | %.3g | %s |\n", t, t.measure(), sign, t.limit, value, verdict)
	}
	fmt.Fprintln(b)
}

// writeMissed says why, and what would come next, for the groups in which something is missed.
func (r *results) writeMissed(b *strings.Builder, notes []note) {
	titled := false
	for _, n := range notes {
		of, about := strings.CutPrefix(n.title, missedTitle)
		if !about || !r.misses(of) {
			continue
		}
		if !titled {
			fmt.Fprintf(b, "## What is missed, why, and the next step\n\n")
		}
		titled = true
		fmt.Fprintf(b, "### %s\n%s", upper(of), n.text)
	}
	fmt.Fprintln(b)
}

// misses says whether a target is missed whose group begins so.
func (r *results) misses(group string) bool {
	return slices.ContainsFunc(targets(), func(t target) bool {
		_, ok, known := r.reached(t)
		return strings.HasPrefix(t.group, group) && known && !ok
	})
}

func (r *results) groups() []string {
	var all []string
	for _, s := range r.Series {
		if !slices.Contains(all, s.Group) {
			all = append(all, s.Group)
		}
	}
	return all
}

// row is one line of a table.
type row struct {
	name, unit string
	x          float64
}

func (r *results) writeGroup(b *strings.Builder, group string) {
	var rows []row
	var sides []string
	for _, s := range r.Series {
		if s.Group != group {
			continue
		}
		if line := (row{s.Name, s.Unit, s.X}); !slices.Contains(rows, line) {
			rows = append(rows, line)
		}
		if !slices.Contains(sides, s.Side) {
			sides = append(sides, s.Side)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.name, b.name) })
	fmt.Fprintf(b, "## %s\n\n| | |", upper(group))
	for _, side := range sides {
		fmt.Fprintf(b, " %s |", side)
	}
	fmt.Fprintf(b, "\n|---|---|%s\n", strings.Repeat("---|", len(sides)))
	for _, line := range rows {
		r.writeRow(b, group, line, sides)
	}
	fmt.Fprintln(b)
}

func (r *results) writeRow(b *strings.Builder, group string, line row, sides []string) {
	name := line.name
	if line.x > 0 {
		name += fmt.Sprintf(", %v", line.x)
	}
	fmt.Fprintf(b, "| %s | %s |", name, line.unit)
	for _, side := range sides {
		s := r.find(group, line.name, side, line.x)
		switch {
		case s == nil:
			fmt.Fprint(b, " |")
		case len(s.Samples) == 1:
			fmt.Fprintf(b, " %s |", number(s.median()))
		case len(s.Samples) > 100:
			fmt.Fprintf(b, " %s (%s–%s; p99 %s, p99.9 %s) |", number(s.median()), number(s.quantile(0.25)), number(s.quantile(0.75)),
				number(s.quantile(0.99)), number(s.quantile(0.999)))
		default:
			fmt.Fprintf(b, " %s (%s–%s) |", number(s.median()), number(s.quantile(0.25)), number(s.quantile(0.75)))
		}
	}
	fmt.Fprintln(b)
}

// number has three digits that count.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
