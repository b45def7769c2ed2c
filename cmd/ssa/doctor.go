package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/launch"
)

func doctorCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Try what ssa run needs of this kernel, container and user",
		Long: "Try, in the order ssa run needs them, what the kernel, the container and the user's rights have to allow.\n" +
			"It ends with 1 when something that is needed does not work.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return diagnose(asJSON) },
	}
	jsonFlag(c, &asJSON)
	return c
}

// diagnose tries all probes. Lines are written as they come: a probe may take a while.
func diagnose(asJSON bool) error {
	ok, all := true, []finding{}
	for _, p := range probes() {
		f := try(p)
		all, ok = append(all, f), ok && f.fine()
		if asJSON {
			continue
		}
		if _, err := fmt.Fprintln(os.Stdout, f); err != nil {
			return err
		}
	}
	if asJSON {
		if err := writeJSON(all); err != nil {
			return err
		}
	}
	if !ok {
		return exitCode(1)
	}
	return nil
}

// probes are those of the launcher and what a client needs besides.
func probes() []launch.Probe {
	return append(launch.Probes(), launch.Probe{Name: "trust store", Try: daemon.TrustStore, Optional: true})
}

// finding is what a probe has found.
type finding struct {
	Name string `json:"name"`
	// Result is "ok", "FAIL", or "none" for what does not work and can be done without.
	Result string `json:"result"`
	Detail string `json:"detail,omitempty"`
}

func try(p launch.Probe) finding {
	detail, err := p.Try()
	switch {
	case err == nil:
		return finding{p.Name, "ok", detail}
	case p.Optional:
		return finding{p.Name, "none", err.Error()}
	}
	return finding{p.Name, "FAIL", err.Error()}
}

// fine says whether ssa run can work with it.
func (f finding) fine() bool { return f.Result != "FAIL" }

// String is its line.
func (f finding) String() string {
	line := fmt.Sprintf("%-5s %s", f.Result, f.Name)
	if f.Detail != "" {
		line += ": " + f.Detail
	}
	return line
}
