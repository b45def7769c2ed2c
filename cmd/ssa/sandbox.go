package main

import (
	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/sandbox"
)

func sandboxCommand() *cobra.Command {
	return &cobra.Command{
		Use: sandbox.Role, Short: "Started by supervise: becomes a plugin in its sandbox", Hidden: true, DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error { return sandbox.Main(args) },
	}
}
