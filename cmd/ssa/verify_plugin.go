package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/plugin"
	"github.com/securesocketapi/ssa/internal/verify/plugin/trial"
)

func verifyPluginCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "plugin",
		Short: "Try programs that judge certificates",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(verifyPluginTestCommand())
	return c
}

func verifyPluginTestCommand() *cobra.Command {
	var p policy.Plugin
	var timeout time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use:   "test [flags] PATH [ARGUMENT...]",
		Short: "Put a plugin through what it will meet",
		Long: "Run a plugin in its sandbox, as the service would, and show what it answers to good and bad chains, to damaged\n" +
			"ones and to many at a time (ssa-plugin(7)). Any answer is right; it ends with 1 when the plugin gives none,\n" +
			"breaks the protocol, or believes what is no certificate. What the plugin says goes to standard error.",
		Example: "  ssa verify plugin test /usr/lib/ssa/judges/allow_list.py /etc/ssa/allow-list",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			p.Name, p.Path, p.Args = "test", path, args[1:]
			p.Rule.SetTimeout(timeout)
			results, err := daemon.TryPlugin(c.Context(), p, slog.New(slog.NewTextHandler(os.Stderr, nil)))
			if err != nil {
				return err
			}
			return reportTrial(results, asJSON)
		},
	}
	c.Flags().SetInterspersed(false)
	c.Flags().BoolVar(&p.Network, "network", false, "let it use the network")
	c.Flags().BoolVar(&p.State, "state", false, "give it a directory to write in, which is removed afterwards")
	c.Flags().DurationVar(&timeout, "timeout", plugin.DefaultTimeout, "how long an answer may take")
	jsonFlag(c, &asJSON)
	return c
}

// trialResultJSON is a result of `ssa verify plugin test --json`.
type trialResultJSON struct {
	Case    string  `json:"case"`
	Answer  string  `json:"answer"`
	Reason  string  `json:"reason"`
	Seconds float64 `json:"seconds"`
	Fault   string  `json:"fault,omitempty"`
}

// reportTrial shows the results; faults end it with 1.
func reportTrial(results []trial.Result, asJSON bool) error {
	err := writeTrial(os.Stdout, results, asJSON)
	if err == nil && slices.ContainsFunc(results, func(r trial.Result) bool { return r.Fault != "" }) {
		err = exitCode(1)
	}
	return err
}

func writeTrial(to io.Writer, results []trial.Result, asJSON bool) error {
	if asJSON {
		var list []trialResultJSON
		for _, r := range results {
			list = append(list, trialResultJSON{r.Case, r.Answer.String(), r.Reason, r.Took.Seconds(), r.Fault})
		}
		return writeJSON(list)
	}
	table := newRows(to)
	table.add("CASE", "ANSWER", "TIME", "REASON")
	for _, r := range results {
		reason := r.Reason
		if r.Fault != "" {
			reason = fmt.Sprintf("FAULT: %s: %s", r.Fault, r.Reason)
		}
		table.add(r.Case, r.Answer.String(), r.Took.Round(100*time.Microsecond).String(), reason)
	}
	return table.flush()
}
