package main

import (
	"encoding/json"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/policy"
)

func policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "Check and show the administrator's policy",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(policyCheckCommand(), policyShowCommand(), policyExceptionsCommand(), policyExplainCommand(), policyDiffCommand(),
		policyReloadCommand())
	return c
}

// loaded is the policy of this machine as its files have it now.
func loaded() (*policy.Policy, error) {
	r := config.Load(daemon.PolicyOptions())
	return r.Policy, r.Err()
}

// jsonFlag adds the flag that every reading command has.
func jsonFlag(c *cobra.Command, to *bool) {
	c.Flags().BoolVar(to, "json", false, "write JSON")
}

func writeJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// sourceJSON is a place in the files, absent for the built-in policy.
type sourceJSON struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Preset string `json:"preset,omitempty"`
}

func sourceOf(s policy.Source) sourceJSON {
	return sourceJSON{File: s.File, Line: s.Line, Column: s.Column, Preset: s.Preset}
}
