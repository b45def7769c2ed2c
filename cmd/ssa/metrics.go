package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

func metricsCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:   "metrics",
		Short: "Write the figures of ssad for Prometheus",
		Long: "Write the figures of ssad in the text format of Prometheus, for the textfile collector of the node exporter or for\n" +
			"whatever else collects it. Figures are labelled by profile, never by process or path.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				return c.Metrics(ctx, os.Stdout)
			})
		},
	}
	c.Flags().StringVar(&a.control, "control", api.SocketPath, "ask ssad at `PATH`")
	return c
}
