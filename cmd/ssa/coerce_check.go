package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/coerce"
	"github.com/securesocketapi/ssa/internal/launch"
)

func coerceCheckCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "check PROGRAM",
		Short: "Say what ssa run --coerce would do to a program",
		Long: "Read a program, or a library it loads, and what it needs, and say whether its TLS can be brought under the policy:\n" +
			"which library does it, which functions of that it imports and what becomes of them. It ends with 1 when it cannot.",
		Example: "  ssa coerce check curl\n  ssa coerce check /usr/lib/lighttpd/mod_openssl.so",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			r, err := inspect(args[0])
			if err != nil {
				return err
			}
			return reportCoercion(r, asJSON)
		},
	}
	jsonFlag(c, &asJSON)
	return c
}

func inspect(program string) (*coerce.Report, error) {
	path, err := exec.LookPath(program)
	if err != nil && strings.Contains(program, "/") {
		path, err = program, nil // a library need not be executable
	}
	if err != nil {
		return nil, fmt.Errorf("coerce check %s: %w", program, err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, fmt.Errorf("coerce check: %w", err)
	}
	all, err := readShims()
	if err != nil {
		return nil, err
	}
	r, err := coerce.Inspect(path, all...)
	if err != nil {
		return nil, fmt.Errorf("coerce check: %w", err)
	}
	return r, nil
}

func readShims() ([]*coerce.Shim, error) {
	var all []*coerce.Shim
	for _, s := range shims() {
		path, err := launch.FindLibrary(s.file)
		if err != nil {
			return nil, err
		}
		read, err := coerce.ReadShim(path, s.library)
		if err != nil {
			return nil, err
		}
		all = append(all, read)
	}
	return all, nil
}

func reportCoercion(r *coerce.Report, asJSON bool) error {
	ok, verdict := r.Covered()
	write := func() error { return printCoercion(r, verdict) }
	if asJSON {
		write = func() error {
			return writeJSON(struct {
				*coerce.Report
				Covered bool   `json:"covered"`
				Verdict string `json:"verdict"`
			}{r, ok, verdict})
		}
	}
	if err := write(); err != nil || ok {
		return err
	}
	return exitCode(1)
}

func printCoercion(r *coerce.Report, verdict string) error {
	out := newRows(os.Stdout)
	kind := "static"
	if r.Dynamic {
		kind = "dynamic"
	}
	out.add("program", r.Program, kind)
	out.add("library", orDash(strings.Join(r.Libraries, " ")))
	for _, t := range r.Through {
		out.add("through", t)
	}
	for _, c := range []coerce.Class{coerce.Served, coerce.Kept} {
		out.add(string(c), strconv.Itoa(len(r.Functions[c])))
	}
	for _, c := range []coerce.Class{coerce.Ineffective, coerce.Refused} {
		out.add(string(c), strconv.Itoa(len(r.Functions[c])), strings.Join(r.Functions[c], " "))
	}
	out.add("verdict", verdict)
	return out.flush()
}
