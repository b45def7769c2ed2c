package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"
)

// rows writes rows of columns; flush tells of the first error.
type rows struct{ w *tabwriter.Writer }

func newRows(to io.Writer) rows { return rows{tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)} }

// add adds a row. A tab or a line break in a column would look like another column.
func (r rows) add(columns ...string) {
	for i, c := range columns {
		columns[i] = printable(c)
	}
	_, _ = fmt.Fprintln(r.w, strings.Join(columns, "\t"))
}

func (r rows) flush() error { return r.w.Flush() }

// printable makes control characters visible: texts that programs and peers choose are not to steer a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n':
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
