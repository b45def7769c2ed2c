package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

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
			for _, p := range launch.Probes() {
				ok = report(p) && ok
			}
			if !ok {
				return exitCode(1)
			}
			return nil
		},
	}
}

// report prints one probe and says whether ssa run can work with its result.
func report(p launch.Probe) bool {
	detail, err := p.Try()
	switch {
	case err == nil:
		fmt.Fprintf(os.Stdout, "ok    %s%s\n", p.Name, suffix(detail))
	case p.Optional:
		fmt.Fprintf(os.Stdout, "none  %s: %v\n", p.Name, err)
		return true
	default:
		fmt.Fprintf(os.Stdout, "FAIL  %s: %v\n", p.Name, err)
	}
	return err == nil
}

func suffix(detail string) string {
	if detail == "" {
		return ""
	}
	return ": " + detail
}
