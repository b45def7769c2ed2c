package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

func statusCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:   "status",
		Short: "Say what the TLS service of this machine does",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				s, err := c.Status(ctx)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(s)
				}
				return printStatus(&s)
			})
		},
	}
	return a.register(c)
}

func printStatus(s *api.Status) error {
	r := newRows(os.Stdout)
	r.add("version", s.Version)
	r.add("serving", fmt.Sprintf("process %d since %s", s.PID, s.Started.Local().Format(time.DateTime)))
	r.add("connections", strconv.Itoa(s.Conns))
	r.add("listeners", strconv.Itoa(s.Listeners))
	for _, d := range s.Draining {
		r.add("draining", fmt.Sprintf("process %d, %d connections", d.PID, d.Conns))
	}
	for _, d := range []api.Decision{api.Allowed, api.Refused, api.Complained, api.Closed} {
		r.add(string(d), strconv.FormatUint(s.Decisions[d], 10))
	}
	files := strings.Join(s.Policy.Files, " ")
	if files == "" {
		files = "the built-in policy"
	}
	r.add("policy", fmt.Sprintf("%s, %d profiles, read %s", files, s.Policy.Profiles, s.Policy.Loaded.Local().Format(time.DateTime)))
	if s.Policy.Problem != "" {
		r.add("", "the last reload changed nothing: "+s.Policy.Problem)
	}
	r.add("audit", fmt.Sprintf("%s, %d records kept, %d lost", orDash(s.Audit.File), s.Audit.Kept, s.Audit.Lost))
	if s.Audit.Problem != "" {
		r.add("", "not written: "+s.Audit.Problem)
	}
	return r.flush()
}
