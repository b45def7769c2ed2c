package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/launch"
)

// A shim is a library that turns a program's calls of a TLS library into TLS sockets (preload/README.md).
type shim struct {
	file string
	// library is the beginning of the name of the TLS library.
	library string
}

// shims are all preloaded: each does nothing in a program that does not call its TLS library.
func shims() []shim {
	return []shim{{"libssa-openssl.so", "libssl.so"}, {"libssa-gnutls.so", "libgnutls.so"}}
}

// coerceVariable tells them that the command line asks for it, whatever the profile says.
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

// prepareCoercion puts the libraries in place when the command line asks for it, or the policy has a profile that does:
// which of the programs below they are for, they ask themselves.
func prepareCoercion(asked bool) error {
	if !asked && !policyCoerces() {
		return nil
	}
	var paths []string
	for _, s := range shims() {
		path, err := launch.FindLibrary(s.file)
		if err != nil {
			return fmt.Errorf("coerce: %w\nhint: make build makes it where gcc is installed", err)
		}
		paths = append(paths, path)
	}
	if asked {
		if err := os.Setenv(coerceVariable, "yes"); err != nil {
			return err
		}
	}
	return launch.Preload(strings.Join(paths, ":"))
}

// policyCoerces is false for a policy that cannot be read: who uses it says so.
func policyCoerces() bool {
	p, err := loaded()
	return err == nil && p.Coerces()
}
