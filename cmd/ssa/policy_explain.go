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

func policyExplainCommand() *cobra.Command {
	var a asking
	c := &cobra.Command{
		Use:   "explain ID",
		Short: "Explain why a connection is as it is, or was refused",
		Long: "Explain a connection, live, ended or refused: what the program asked for, which profiles were tried, which rule\n" +
			"decided, and what is in force. ID is that of ssa conns, ssa audit and of the option TLS_ID.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseUint(args[0], 10, 64)
			if err != nil {
				return fmt.Errorf("%s: the id of a connection is a number, as in ssa conns", args[0])
			}
			return a.ask(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				e, err := c.Explain(ctx, id)
				if err != nil {
					return err
				}
				if a.json {
					return writeJSON(e)
				}
				return printExplanation(&e)
			})
		},
		ValidArgsFunction: a.completeConn,
	}
	return a.register(c)
}

// completeConn offers the ids of live connections.
func (a *asking) completeConn(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var ids []cobra.Completion
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	list, err := client.New(a.control).Conns(cmd.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	for _, c := range list.Conns {
		ids = append(ids, cobra.CompletionWithDesc(strconv.FormatUint(c.ID, 10), c.Program.Exe+" "+peerOf(c.Host, c.Remote)))
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

func printExplanation(e *api.Explanation) error {
	r := newRows(os.Stdout)
	for i := range e.Records {
		if i > 0 {
			r.add("")
		}
		explainRecord(r, &e.Records[i])
	}
	if c := e.Conn; c != nil {
		r.add("")
		r.add("now", fmt.Sprintf("live for %s, %d bytes received, %d sent", age(c.Traffic.Age), c.Traffic.Received, c.Traffic.Sent))
	}
	return r.flush()
}

// explainRecord adds the rows of one record: who asked, what decided, what came of it.
func explainRecord(r rows, d *api.Record) {
	r.add(string(d.Decision), d.Time.Local().Format(time.DateTime)+" "+string(d.Event))
	if p := d.Program; p != nil {
		r.add("  program", fmt.Sprintf("%s, process %d of uid %d", orDash(p.Exe), p.PID, p.UID)+suffixed(", unit ", p.Unit)+suffixed(", container ", p.Container))
	}
	if d.Remote+d.Local != "" {
		r.add("  as", strings.TrimSpace(string(d.Role)+suffixed(" of ", orHost(d)))+suffixed(", here ", d.Local))
	}
	for _, t := range d.Tried {
		r.add("  tried", "profile "+t.Profile+" "+t.Why, at(t.Place))
	}
	if d.Rule != nil {
		r.add("  decided by", d.Rule.Text, at(d.Rule.Place))
	}
	for _, a := range d.Requested {
		r.add("  asked for", a.Option+" "+a.Value)
	}
	for _, s := range d.InForce {
		r.add("  in force", s.Key+" "+s.Value, at(s.Place))
	}
	for _, e := range d.Exceptions {
		r.add("  exception", "until "+e.Expires+": "+e.Reason, at(e.Place))
	}
	explainOutcome(r, d)
}

func explainOutcome(r rows, d *api.Record) {
	for _, c := range d.Complaints {
		r.add("  would refuse", c)
	}
	if t := d.TLS; t != nil {
		r.add("  negotiated", strings.Join([]string{t.Version, t.Suite, t.Group}, " ")+suffixed(", ALPN ", t.ALPN)+suffixed(", peer ", t.Peer))
	}
	for _, v := range d.Verdicts {
		r.add("  judge", v.Judge+": "+v.Answer+suffixed(", ", v.Reason))
	}
	if f := d.Failure; f != nil {
		r.add("  because", f.Text+" ("+f.Class+")")
	}
	if t := d.Traffic; t != nil {
		r.add("  after", fmt.Sprintf("%s, %d bytes received, %d sent", age(t.Age), t.Received, t.Sent))
	}
	if d.Text != "" {
		r.add("  note", d.Text)
	}
}

func orHost(d *api.Record) string {
	if d.Role == api.Server || d.Remote == "" {
		return d.Remote
	}
	return peerOf(d.Host, d.Remote)
}

// suffixed is a text with words before it, nothing without the text.
func suffixed(words, text string) string {
	if text == "" {
		return ""
	}
	return words + text
}

// at is a place as texts name it.
func at(p api.Place) string {
	switch {
	case p.File == "":
		return "the built-in policy"
	case p.Preset != "":
		return fmt.Sprintf("%s:%d (%s)", p.File, p.Line, p.Preset)
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}
