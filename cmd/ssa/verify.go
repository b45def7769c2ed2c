package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/starttls"
	"github.com/securesocketapi/ssa/internal/verify/panel"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// verifyTime bounds all of ssa verify.
const verifyTime = time.Minute

// verifying is whom the peer is judged for.
type verifying struct {
	app, user, starttls string
	json                bool
	dest                policy.Dest
}

func verifyCommand() *cobra.Command {
	var v verifying
	c := &cobra.Command{
		Use:   "verify HOST:PORT [flags]",
		Short: "Show how the judges of certificates judge a server, and what would let it pass",
		Long: "Connect as a program would, under the policy that would apply to it, and show what each judge says of the server.\n" +
			"When the connection is refused, the narrowest exception that lets it pass is written as a drop-in of the policy.\n" +
			"The exit status is 0 for a server that is accepted, and 1 for one that is refused.",
		Example: "  ssa verify example.com:443\n  ssa verify mail.example.com:25 --starttls smtp --app /usr/sbin/sendmail",
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return v.run(cmd.Context(), args[0]) },
	}
	c.Flags().StringVar(&v.app, "app", "", "`PATH` of the executable (default: a program without a profile)")
	c.Flags().StringVar(&v.user, "user", "", "name or number of the `USER` it runs as (default: yourself)")
	c.Flags().StringVar(&v.starttls, "starttls", "", "ask for TLS by the rules of a `PROTOCOL`: smtp, imap, pop3, ftp, xmpp, postgres or ldap")
	jsonFlag(c, &v.json)
	c.AddCommand(verifyPluginCommand())
	_ = c.RegisterFlagCompletionFunc("starttls", cobra.FixedCompletions(starttls.Protocols(), cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (v *verifying) run(ctx context.Context, where string) (err error) {
	if v.dest, err = parseDest(where); err != nil || v.dest.Port == 0 {
		return fmt.Errorf("%s: write HOST:PORT", where)
	}
	ctx, cancel := context.WithTimeout(ctx, verifyTime)
	defer cancel()
	e, end, err := daemon.Examine(ctx, v.dial)
	if err != nil {
		return err
	}
	if v.json {
		err = writeJSON(v.document(&e, end))
	} else {
		err = v.print(&e, end)
	}
	if err == nil && e.Err != nil {
		err = exitCode(1)
	}
	return err
}

// dial connects, and talks the server into TLS.
func (v *verifying) dial(ctx context.Context) (d socket.Dial, err error) {
	host := v.dest.Host
	if host == "" {
		host = v.dest.Addr.String()
	}
	uid, err := userID(v.user)
	if err != nil {
		return d, err
	}
	server := net.JoinHostPort(host, fmt.Sprint(v.dest.Port))
	c, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		return d, fmt.Errorf("verify %s: %w\nhint: its certificate was not seen yet; see that the server runs, and that its name and port are right", server, err)
	}
	defer func() { _ = c.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	if v.starttls != "" {
		if err := starttls.Ask(c, v.starttls, host); err != nil {
			return d, err
		}
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return d, errors.New("this is no TCP connection")
	}
	d = socket.Dial{App: socket.App{PID: os.Getpid(), UID: uid, Exe: v.app}, Request: abi.Request{RemoteHostname: host}}
	d.Remote = tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	d.Network, err = tcp.File()
	return d, err
}

func (v *verifying) print(e *service.Examination, end string) error {
	table := newRows(os.Stdout)
	table.add("JUDGE", "ANSWER", "COUNTS", "TIME", "REASON")
	for _, f := range e.Findings {
		table.add(f.Judge, f.Verdict.Answer.String(), counts(f), f.Took.Round(10*time.Microsecond).String(), f.Verdict.Reason)
	}
	if err := table.flush(); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(os.Stdout)
	chain := newRows(os.Stdout)
	chain.add("CERTIFICATE", "ISSUER", "UNTIL", "KEY (sha256)")
	for _, c := range e.Chain {
		chain.add(c.Subject.String(), c.Issuer.String(), c.NotAfter.UTC().Format(time.DateOnly), pins.KeyOf(c).String())
	}
	if err := chain.flush(); err != nil {
		return err
	}
	if e.Err == nil {
		_, err := fmt.Fprintf(os.Stdout, "\naccepted: %s, %s\n", policy.VersionName(e.State.Version), e.State.Cipher)
		return err
	}
	_, _ = fmt.Fprintf(os.Stdout, "\nrefused: %s\n", printable(e.Err.Error()))
	return v.advise(e, end)
}

// counts is how the answer of a judge counts.
func counts(f panel.Finding) string {
	if f.Rule.Weight == policy.Soft {
		return "no (soft)"
	}
	return f.Rule.Side.String()
}

// advise writes what would let the connection pass.
func (v *verifying) advise(e *service.Examination, end string) error {
	if e.Remedy == nil {
		_, err := fmt.Fprintln(os.Stdout, "\nno exception for this destination would let it pass")
		return err
	}
	_, _ = fmt.Fprint(os.Stdout, "\n# The narrowest exception, for a file in /etc/ssa/policy.d; see ssa-policy(5).\n")
	for _, a := range e.Remedy.Advice {
		_, _ = fmt.Fprintf(os.Stdout, "# First: %s\n", printable(a))
	}
	if s := e.Decision.Section; s != nil {
		_, _ = fmt.Fprintf(os.Stdout, "# The profile has a destination for this host already, at %s: put the lines there.\n", s.Source)
	}
	if _, err := fmt.Fprint(os.Stdout, e.Remedy.TOML(*e, v.app, v.dest, end)); err != nil || e.Remedy.Store == nil {
		return err
	}
	_, _ = fmt.Fprintf(os.Stdout, "\n# %s\n", e.Remedy.StoreFile)
	return pem.Encode(os.Stdout, &pem.Block{Type: "CERTIFICATE", Bytes: e.Remedy.Store.Raw})
}

// verifyJSON is the result for programs.
type verifyJSON struct {
	Accepted bool              `json:"accepted"`
	Reason   string            `json:"reason,omitempty"`
	Judges   []judgeJSON       `json:"judges"`
	Chain    []certificateJSON `json:"chain"`
	Version  string            `json:"version,omitempty"`
	Suite    string            `json:"suite,omitempty"`
	// Exception is a drop-in of the policy that lets the connection pass.
	Exception string `json:"exception,omitempty"`
	// Authority is the PEM of the trust store that it names.
	Authority string `json:"authority,omitempty"`
}

type judgeJSON struct {
	Judge   string  `json:"judge"`
	Answer  string  `json:"answer"`
	Counts  string  `json:"counts"`
	Reason  string  `json:"reason"`
	Seconds float64 `json:"seconds"`
}

type certificateJSON struct {
	Subject string    `json:"subject"`
	Issuer  string    `json:"issuer"`
	Until   time.Time `json:"until"`
	Key     string    `json:"key_sha256"`
}

func (v *verifying) document(e *service.Examination, end string) verifyJSON {
	out := verifyJSON{Accepted: e.Err == nil, Judges: []judgeJSON{}, Chain: certificates(e.Chain)}
	for _, f := range e.Findings {
		out.Judges = append(out.Judges, judgeJSON{f.Judge, f.Verdict.Answer.String(), counts(f), f.Verdict.Reason, f.Took.Seconds()})
	}
	if e.Err == nil {
		out.Version, out.Suite = policy.VersionName(e.State.Version), e.State.Cipher
		return out
	}
	out.Reason = e.Err.Error()
	if e.Remedy != nil {
		out.Exception = e.Remedy.TOML(*e, v.app, v.dest, end)
		if store := e.Remedy.Store; store != nil {
			out.Authority = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: store.Raw}))
		}
	}
	return out
}

func certificates(chain []*x509.Certificate) []certificateJSON {
	list := []certificateJSON{}
	for _, c := range chain {
		list = append(list, certificateJSON{c.Subject.String(), c.Issuer.String(), c.NotAfter, pins.KeyOf(c).String()})
	}
	return list
}
