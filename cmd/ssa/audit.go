package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

// auditing is which records are wanted.
type auditing struct {
	asking
	since  string
	last   int
	follow bool
}

func auditCommand() *cobra.Command {
	var a auditing
	c := &cobra.Command{
		Use:   "audit",
		Short: "Write the records of what was decided, one JSON object a line",
		Long: "Write the records of what was allowed, refused and complained of, of the policy and of forged claims, one JSON\n" +
			"object a line, oldest first. ssad keeps a bounded number of them in memory, and more in its state directory.",
		Example: "  ssa audit -f\n  ssa audit --since 1h | jq 'select(.decision == \"refused\")'",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
	c.Flags().BoolVarP(&a.follow, "follow", "f", false, "go on with records as they come")
	c.Flags().StringVar(&a.since, "since", "", "leave out what is older than `TIME`: 2h, or 2006-01-02T15:04:05Z, or 2006-01-02 15:04:05")
	c.Flags().IntVarP(&a.last, "last", "n", -1, "begin with the last `N` records (default: all that are kept)")
	_ = c.RegisterFlagCompletionFunc("since", cobra.NoFileCompletions)
	a.register(c)
	c.Flags().Lookup("json").Usage = "write JSON, as it does anyway"
	return c
}

func (a *auditing) run(ctx context.Context) error {
	q := client.Query{Last: a.last, Follow: a.follow}
	if a.since != "" {
		t, err := parseTime(a.since, time.Now())
		if err != nil {
			return fmt.Errorf("--since %s: %w", a.since, err)
		}
		q.Since = t
	}
	return a.ask(ctx, func(ctx context.Context, c *client.Client) error {
		for {
			err := c.Audit(ctx, q, func(r api.Record, line []byte) error {
				q.Since, q.Last = r.Time.Add(1), -1
				_, err := os.Stdout.Write(append(line, '\n'))
				return err
			})
			if err != nil || !q.Follow {
				return err
			}
			// The process that answered has left. Its successor goes on where it was.
		}
	})
}

var errNoTime = errors.New("it is neither a time nor how long ago")

// parseTime reads a time, or how long before now it was.
func parseTime(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errNoTime
}
