package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
)

func versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return writeJSON(map[string]string{"version": daemon.Version()})
			}
			_, err := fmt.Fprintln(os.Stdout, "ssa", daemon.Version())
			return err
		},
	}
	jsonFlag(c, &asJSON)
	return c
}
