package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/launch"
)

func doctorCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Try what ssa run needs of this kernel, container and user",
		Long: "Try, in the order ssa run needs them, what the kernel, the container and the user's rights have to allow.\n" +
			"It ends with 1 when something that is needed does not work.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			ok := true
			for _, p := range probes() {
				line, fine := report(p)
				if _, err := fmt.Fprintln(os.Stdout, line); err != nil {
					return err
				}
				ok = ok && fine
			}
			if !ok {
				return exitCode(1)
			}
			return nil
		},
	}
}

// probes are those of the launcher and what a client needs besides.
func probes() []launch.Probe {
	return append(launch.Probes(), launch.Probe{Name: "trust store", Try: daemon.TrustStore, Optional: true})
}

// report tries one probe and says whether ssa run can work with its result.
func report(p launch.Probe) (string, bool) {
	detail, err := p.Try()
	switch {
	case err == nil:
		return "ok    " + p.Name + suffix(detail), true
	case p.Optional:
		return fmt.Sprintf("none  %s: %v", p.Name, err), true
	}
	return fmt.Sprintf("FAIL  %s: %v", p.Name, err), false
}

func suffix(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + detail
}
