package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

func revocationCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "revocation",
		Short: "Show and fetch what is known of revoked certificates",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(revocationStatusCommand(), revocationUpdateCommand())
	return c
}

func revocationStatusCommand() *cobra.Command {
	return revocationsCommand(&cobra.Command{
		Use:   "status",
		Short: "List what ssad knows of revocations, and how fresh it is",
		Args:  cobra.NoArgs,
	}, false)
}

func revocationUpdateCommand() *cobra.Command {
	return revocationsCommand(&cobra.Command{
		Use:   "update",
		Short: "Have ssad fetch all of it again, now",
		Long:  "Have ssad fetch all of it again, now, and read the files. Connections to peers that are found to be revoked are closed.",
		Args:  cobra.NoArgs,
	}, true)
}

// revocationsCommand is a command that asks for revocations.
func revocationsCommand(c *cobra.Command, update bool) *cobra.Command {
	var a asking
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
			list, err := c.Revocations(ctx, update)
			if err != nil {
				return err
			}
			for _, p := range list.Problems {
				warn(p)
			}
			if a.json {
				return writeJSON(list)
			}
			return printRevocations(list.Sources)
		})
	}
	return a.register(c)
}

func printRevocations(list []api.RevocationSource) error {
	r := newRows(os.Stdout)
	r.add("KIND", "SOURCE", "ISSUER", "SERIAL", "SAYS", "MADE", "UNTIL", "FETCHED", "PROBLEM")
	for _, s := range list {
		r.add(s.Kind, s.Source, orDash(s.Issuer), orDash(s.Serial), orDash(s.Says), moment(s.Made), moment(s.Until), moment(s.Fetched),
			orDash(s.Problem))
	}
	return r.flush()
}

// moment is a time in a table.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}
