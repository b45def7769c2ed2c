package main

import (
	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/unit"
)

func disableCommand() *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "disable UNIT",
		Short: "Undo ssa enable",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return change(root, args[0], unit.Disable)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	registerRoot(c, &root)
	return c
}
