package main

import (
	"context"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
	"github.com/securesocketapi/ssa/internal/policy"
)

func policyReloadCommand() *cobra.Command {
	var a asking
	var enforce bool
	c := &cobra.Command{
		Use:   "reload",
		Short: "Have ssad read the policy again",
		Long: "Have ssad read the policy again, all of it or, when anything is wrong, nothing. Live connections go on; those that\n" +
			"the new policy would not allow are listed, and closed with --enforce.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				done, err := c.Reload(ctx, enforce)
				if err != nil {
					return fmt.Errorf("nothing has changed: %w", err)
				}
				if a.json {
					return writeJSON(done)
				}
				return printReloaded(&done)
			})
		},
	}
	c.Flags().BoolVar(&enforce, "enforce", false, "close connections that do not comply")
	return a.register(c)
}

func printReloaded(d *api.Reloaded) error {
	for _, p := range d.Problems {
		warn(p)
	}
	r := newRows(os.Stdout)
	r.add("reloaded: " + policy.Extent(len(d.Files), d.Profiles))
	if d.Listeners > 0 {
		r.add(fmt.Sprintf("%d listeners are not served any more; see ssa audit", d.Listeners))
	}
	for _, n := range d.Noncompliant {
		what := "does not comply"
		if n.Closed {
			what = "closed"
		}
		r.add(what, strconv.FormatUint(n.Conn.ID, 10), n.Conn.Program.Exe, peerOf(n.Conn.Host, n.Conn.Remote), n.Reason)
	}
	return r.flush()
}
