package main

import (
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/policy"
)

func policyExceptionsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "exceptions",
		Short: "List what goes below the built-in floor, why and until when",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			p, err := loaded()
			if err != nil {
				return err
			}
			uses := p.Exceptions(time.Now())
			if asJSON {
				return writeJSON(exceptionsOf(uses))
			}
			return listExceptions(uses)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

type exceptionJSON struct {
	sourceJSON
	Where   string   `json:"where"`
	Keys    []string `json:"keys"`
	Reason  string   `json:"reason"`
	Expires string   `json:"expires"`
	State   string   `json:"state"`
}

func exceptionsOf(uses []policy.Use) []exceptionJSON {
	all := []exceptionJSON{}
	for _, u := range uses {
		all = append(all, exceptionJSON{sourceOf(u.Source), u.Where, keyNames(u.Keys), u.Reason, u.Expires(), stateOf(u)})
	}
	return all
}

func keyNames(keys []policy.Key) []string {
	names := []string{}
	for _, k := range keys {
		names = append(names, k.String())
	}
	return names
}

func stateOf(u policy.Use) string {
	switch {
	case len(u.Keys) == 0:
		return "unused"
	case u.Alive:
		return "in force"
	}
	return "expired"
}

func listExceptions(uses []policy.Use) error {
	r := newRows(os.Stdout)
	for _, u := range uses {
		r.add(stateOf(u), u.Expires(), u.Where, orDash(strings.Join(keyNames(u.Keys), " ")), u.Source.String(), u.Reason)
	}
	return r.flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
