package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/launch"
)

// shim is the library that turns a program's calls of OpenSSL into TLS sockets (preload/README.md).
const shim = "libssa-openssl.so"

// coerceVariable tells it that the command line asks for it, whatever the profile says.
const coerceVariable = "SSA_COERCE"

func coerceCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "coerce",
		Short: "Say what becomes of programs that do TLS themselves",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(coerceCheckCommand())
	return c
}

// prepareCoercion puts the library in place when the command line asks for it, or the policy has a profile that does:
// which of the programs below it is for, the library asks itself.
func prepareCoercion(asked bool) error {
	if !asked && !policyCoerces() {
		return nil
	}
	path, err := launch.FindLibrary(shim)
	if err != nil {
		return fmt.Errorf("coerce: %w\nhint: make build makes it where gcc is installed", err)
	}
	if asked {
		if err := os.Setenv(coerceVariable, "yes"); err != nil {
			return err
		}
	}
	return launch.Preload(path)
}

// policyCoerces is false for a policy that cannot be read: who uses it says so.
func policyCoerces() bool {
	p, err := loaded()
	return err == nil && p.Coerces()
}
