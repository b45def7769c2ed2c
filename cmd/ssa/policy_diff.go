package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

func policyDiffCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:   "diff",
		Short: "Compare the policy that ssad runs with the one on disk",
		Long: "Say what ssa policy reload would change: what the running policy has (-) and what the files have (+). It ends\n" +
			"with 1 when they differ, or when the files cannot be used.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				d, err := c.Diff(ctx)
				if err != nil {
					return err
				}
				return a.printDiff(&d)
			})
		},
	}
	return a.register(c)
}

func (a *asking) printDiff(d *api.Diff) (err error) {
	if a.json {
		err = writeJSON(d)
	} else {
		err = writeDiff(d)
	}
	if err == nil && len(d.Problems)+len(d.Changes) > 0 {
		return exitCode(1)
	}
	return err
}

func writeDiff(d *api.Diff) error {
	for _, p := range d.Problems {
		warn(p)
	}
	r := newRows(os.Stdout)
	for _, c := range d.Changes {
		if c.Running != "" {
			r.add("- "+c.Where, c.Key, c.Running, at(c.RunningAt))
		}
		if c.Disk != "" {
			r.add("+ "+c.Where, c.Key, c.Disk, at(c.DiskAt))
		}
	}
	return r.flush()
}
