package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

func connsCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:   "conns",
		Short: "List the live connections",
		Long: "List the live connections that ssad serves. An ordinary user is told of those of their own programs.\n" +
			"One marked * is of a process that drains: it goes on until it ends, but nothing new comes to that process.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				list, err := c.Conns(ctx)
				if err != nil {
					return err
				}
				for _, p := range list.Problems {
					warn(p)
				}
				if a.json {
					return writeJSON(list)
				}
				return printConns(list.Conns)
			})
		},
	}
	return a.register(c)
}

func printConns(list []api.Conn) error {
	r := newRows(os.Stdout)
	r.add("ID", "PROGRAM", "PID", "ROLE", "PEER", "VERSION", "SUITE", "GROUP", "VERIFIED BY", "RECEIVED", "SENT", "AGE")
	for i := range list {
		r.add(connRow(&list[i])...)
	}
	return r.flush()
}

func connRow(c *api.Conn) []string {
	id := strconv.FormatUint(c.ID, 10)
	if c.Draining {
		id += "*"
	}
	return []string{
		id, c.Program.Exe, strconv.Itoa(c.Program.PID), string(c.Role), peerOf(c.Host, c.Remote), c.TLS.Version, c.TLS.Suite,
		orDash(c.TLS.Group), orDash(strings.Join(c.VerifiedBy, ",")), strconv.FormatUint(c.Traffic.Received, 10),
		strconv.FormatUint(c.Traffic.Sent, 10), age(c.Traffic.Age),
	}
}

// peerOf is a name with the address behind it.
func peerOf(host, remote string) string {
	if host == "" || strings.HasPrefix(remote, host) || strings.HasPrefix(remote, "["+host) {
		return remote
	}
	return host + "(" + remote + ")"
}

func age(seconds float64) string {
	return (time.Duration(seconds) * time.Second).String()
}
