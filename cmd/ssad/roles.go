package main

import (
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/metrics"
	"github.com/securesocketapi/ssa/internal/sandbox"
)

// role is a command by which ssad starts itself.
func role(name, short string, run func(*cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: "Started by ssad: " + short, Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd) },
	}
}

func network(logger *slog.Logger) *cobra.Command {
	var n daemon.NetworkConfig
	c := role(daemon.RoleNetwork, "parses what programs and their peers send", func(cmd *cobra.Command) error {
		n.Meter = func(f daemon.Figures) daemon.Meter { return metrics.New(f) }
		n.Logger = logger.With("role", daemon.RoleNetwork)
		return daemon.RunNetwork(cmd.Context(), n)
	})
	c.Flags().StringVar(&n.StateDir, "state-dir", "", "state directory")
	c.Flags().BoolVar(&n.OwnUser, "own-user", false, "whether the user the daemon runs as may control it")
	return c
}

func keys(logger *slog.Logger) *cobra.Command {
	return role(daemon.RoleKeys, "holds private keys", func(cmd *cobra.Command) error {
		return daemon.RunKeys(cmd.Context(), logger.With("role", daemon.RoleKeys))
	})
}

func judges(logger *slog.Logger) *cobra.Command {
	var stateDir string
	c := role(daemon.RoleJudges, "asks others about certificates", func(cmd *cobra.Command) error {
		return daemon.RunJudges(cmd.Context(), stateDir, logger.With("role", daemon.RoleJudges))
	})
	c.Flags().StringVar(&stateDir, "state-dir", "", "state directory")
	return c
}

func witness() *cobra.Command {
	return role(daemon.RoleWitness, "says who programs are", func(cmd *cobra.Command) error {
		return daemon.RunWitness(cmd.Context())
	})
}

// sandboxed becomes a plugin.
func sandboxed() *cobra.Command {
	return &cobra.Command{
		Use: sandbox.Role, Short: "Started by ssad: becomes a plugin in its sandbox", Hidden: true, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error { return sandbox.Main(args) },
	}
}
