package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
)

// serviceFlags say which TLS service serves a program.
type serviceFlags struct {
	mode   daemon.Mode
	socket string
}

func (s *serviceFlags) register(c *cobra.Command) {
	c.Flags().StringVar((*string)(&s.mode), "service", string(s.mode), "who does TLS: auto (ssad where it answers), require (ssad) or embedded (this command)")
	c.Flags().StringVar(&s.socket, "service-socket", s.socket, "find ssad at `PATH`")
}

// check refuses a mode there is not.
func (s *serviceFlags) check() error {
	if slices.Contains(daemon.Modes(), s.mode) {
		return nil
	}
	var names []string
	for _, m := range daemon.Modes() {
		names = append(names, string(m))
	}
	return fmt.Errorf("--service=%s: there is no such way\nhint: one of %s", s.mode, strings.Join(names, ", "))
}

// words are the flags for another process of this program.
func (s *serviceFlags) words() []string {
	return []string{"--service=" + string(s.mode), "--service-socket=" + s.socket}
}
