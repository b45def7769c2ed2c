package main

import (
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/policy"
)

func policyCheckCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check [FILE]",
		Short: "Say everything that is wrong with the policy",
		Long: "Read the policy of this machine, or FILE as if it were the whole of it, and write everything that is wrong\n" +
			"with it, each with file, line and column. It ends with 1 when the policy cannot be used.",
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r := checkPolicy(args)
			ok := !slices.ContainsFunc(r.Problems, func(p policy.Problem) bool { return !p.Warning })
			if err := reportCheck(r, ok, asJSON); err != nil || ok {
				return err
			}
			return exitCode(1)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

// checkPolicy loads the policy and looks at the files it names.
func checkPolicy(args []string) config.Result {
	var r config.Result
	if len(args) == 1 {
		r = config.LoadFile(daemon.PolicyOptions(), args[0])
	} else {
		r = config.Load(daemon.PolicyOptions())
	}
	if r.Policy != nil {
		r.Problems = append(r.Problems, daemon.CheckFiles(r.Policy)...)
		slices.SortStableFunc(r.Problems, policy.Problem.Compare)
	}
	return r
}

type problemJSON struct {
	sourceJSON
	Text    string `json:"text"`
	Warning bool   `json:"warning"`
}

func reportCheck(r config.Result, ok, asJSON bool) error {
	if asJSON {
		problems := []problemJSON{}
		for _, p := range r.Problems {
			problems = append(problems, problemJSON{sourceOf(p.Source), p.Text, p.Warning})
		}
		return writeJSON(struct {
			OK       bool          `json:"ok"`
			Files    []string      `json:"files"`
			Problems []problemJSON `json:"problems"`
		}{ok, append([]string{}, r.Files...), problems})
	}
	out := ""
	for _, p := range r.Problems {
		out += p.Error() + "\n"
	}
	switch {
	case ok && len(r.Files) == 0:
		out += "ok: there is no policy; the built-in one is in force\n"
	case ok:
		out += "ok: " + policy.Extent(len(r.Files), len(r.Policy.Profiles())) + "\n"
	}
	_, err := fmt.Fprint(os.Stdout, out)
	return err
}
