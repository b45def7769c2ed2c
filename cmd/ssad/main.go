// Command ssad is the TLS service as a system daemon.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/wire"
)

func main() {
	if err := command().Execute(); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(os.Stderr, "ssad: "+line)
		}
		os.Exit(1)
	}
}

func command() *cobra.Command {
	c := daemon.MasterConfig{Logger: logger()}
	root := &cobra.Command{
		Use:   "ssad",
		Short: "Serve TLS to the programs of this machine",
		Long: "Serve TLS to every `ssa run` of this machine, under the policy in /etc/ssa. SIGHUP reads the policy again,\n" +
			"SIGUSR2 starts a successor from the file on disk, SIGTERM ends; what is established goes on until it ends.",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			m, err := daemon.NewMaster(c)
			if err != nil {
				return err
			}
			return m.Run(cmd.Context())
		},
	}
	root.Flags().StringVar(&c.Socket, "socket", wire.SocketPath, "listen at `PATH`, unless the service manager passes a socket")
	root.Flags().StringVar(&c.Control, "control", "", "listen for administrators at `PATH` (default: control.sock beside the socket)")
	root.Flags().StringVar(&c.StateDir, "state-dir", daemon.StateDir, "keep what outlives the daemon in `DIR`")
	root.Flags().StringVar(&c.User, "user", "", "run as `USER` when started by root (default "+daemon.DefaultUser+")")
	root.AddCommand(sandboxed(), network(c.Logger), keys(c.Logger), judges(c.Logger), witness())
	root.CompletionOptions.DisableDefaultCmd = true // nobody types to a daemon
	root.SetContext(context.Background())
	return root
}

// logger writes to standard error; the service manager adds the time.
func logger() *slog.Logger {
	options := &slog.HandlerOptions{}
	if os.Getenv("JOURNAL_STREAM") != "" {
		options.ReplaceAttr = func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}
