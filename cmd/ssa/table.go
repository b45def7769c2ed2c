package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// rows writes rows of columns; flush tells of the first error.
type rows struct{ w *tabwriter.Writer }

func newRows(to io.Writer) rows { return rows{tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)} }

// add adds a row. A tab or a line break in a column would look like another column.
func (r rows) add(columns ...string) {
	for i, c := range columns {
		columns[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(c)
	}
	_, _ = fmt.Fprintln(r.w, strings.Join(columns, "\t"))
}

func (r rows) flush() error { return r.w.Flush() }
