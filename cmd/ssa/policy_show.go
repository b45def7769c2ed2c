package main

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/policy"
)

// showing is whom the policy is shown for.
type showing struct {
	subject    policy.Subject
	user       string
	role, dest string
	json       bool
}

func policyShowCommand() *cobra.Command {
	var s showing
	c := &cobra.Command{
		Use:   "show --app PATH [flags]",
		Short: "Show what is in force for a program, with the file and line each value comes from",
		Example: "  ssa policy show --app /usr/sbin/nginx --role server\n" +
			"  ssa policy show --app /usr/bin/curl --dest example.com:443 --user www-data",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return s.run() },
	}
	c.Flags().StringVar(&s.subject.Exe, "app", "", "`PATH` of the executable")
	c.Flags().StringVar(&s.dest, "dest", "", "destination of a client, as `HOST:PORT`")
	c.Flags().StringVar(&s.role, "role", "client", "client or server")
	c.Flags().StringVar(&s.user, "user", "", "name or number of the `USER` (default: yourself)")
	c.Flags().StringVar(&s.subject.Unit, "unit", "", "systemd `UNIT`")
	c.Flags().StringVar(&s.subject.Container, "container", "", "`ID` of the container")
	c.Flags().StringVar(&s.subject.Script, "script", "", "`PATH` of the script that the program interprets")
	jsonFlag(c, &s.json)
	_ = c.MarkFlagRequired("app") // the flag exists
	_ = c.RegisterFlagCompletionFunc("role", cobra.FixedCompletions([]string{"client", "server"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (s *showing) run() error {
	role, known := map[string]policy.Role{"client": policy.Client, "server": policy.Server}[s.role]
	if !known {
		return fmt.Errorf("--role %s: it can be client or server", s.role)
	}
	dest, err := parseDest(s.dest)
	if err != nil {
		return err
	}
	if s.subject.UID, err = userID(s.user); err != nil {
		return err
	}
	p, err := loaded()
	if err != nil {
		return err
	}
	d := p.Decide(s.subject, role, dest, time.Now())
	if s.json {
		return writeJSON(s.document(&d))
	}
	return s.print(&d)
}

func parseDest(text string) (d policy.Dest, err error) {
	if text == "" {
		return d, nil
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return d, fmt.Errorf("--dest %s: write HOST:PORT", text)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return d, fmt.Errorf("--dest %s: %s is no port", text, port)
	}
	d.Port = uint16(n)
	if addr, err := netip.ParseAddr(host); err == nil {
		d.Addr = addr
	} else {
		d.Host = host
	}
	return d, nil
}

func userID(name string) (int, error) {
	if name == "" {
		return os.Getuid(), nil
	}
	if n, err := strconv.ParseUint(name, 10, 31); err == nil {
		return int(n), nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return 0, fmt.Errorf("--user %s: %w", name, err)
	}
	n, err := strconv.Atoi(u.Uid)
	return n, errors.Join(err)
}

// keysFor are the keys that mean something in a role.
func keysFor(role string) []policy.Key {
	listener := map[policy.Key]bool{policy.KeyClientCertificates: true, policy.KeyClientTrustStore: true, policy.KeyHandshakesInFlight: true}
	var all []policy.Key
	for _, k := range policy.Keys() {
		if role == "server" || !listener[k] {
			all = append(all, k)
		}
	}
	return all
}

func (s *showing) print(d *policy.Decision) error {
	r := newRows(os.Stdout)
	if p := d.Profile; p == nil {
		r.add("profile", "none: the global settings")
	} else {
		r.add("profile", p.Name+" ("+p.Mode.String()+")", p.Source.String())
	}
	if d.Section != nil {
		r.add("destination", d.Section.String(), d.Section.Source.String())
	}
	for _, t := range d.Tried {
		r.add("tried", t.Profile.Name+" "+t.Explain(s.subject), t.Profile.Match.Source.String())
	}
	for _, e := range d.Exceptions {
		r.add("exception", "until "+e.Expires()+": "+e.Reason, e.Source.String())
	}
	for _, k := range keysFor(s.role) {
		addSetting(r, k, &d.Settings)
	}
	s.compare(r, d)
	return r.flush()
}

// addSetting adds a value with its source; of a long list one element a row.
func addSetting(r rows, k policy.Key, in *policy.Settings) {
	values := []string{in.Show(k)}
	if k == policy.KeyCipherSuites || k == policy.KeyGroups {
		values = strings.Fields(values[0])
	}
	r.add(k.String(), orDash(values[0]), in.From(k))
	for _, v := range values[1:] {
		r.add("", v, "")
	}
}

// compare adds what would be otherwise if the profile did not only complain.
func (s *showing) compare(r rows, d *policy.Decision) {
	if d.Enforced == nil {
		return
	}
	r.add("")
	r.add("if the profile were enforced:")
	for _, k := range keysFor(s.role) {
		if d.Enforced.Show(k) != d.Settings.Show(k) {
			addSetting(r, k, d.Enforced)
		}
	}
}

type profileJSON struct {
	sourceJSON
	Name string `json:"name"`
	Mode string `json:"mode"`
}

type trialJSON struct {
	sourceJSON
	Profile string `json:"profile"`
	Matched bool   `json:"matched"`
	Chosen  bool   `json:"chosen"`
	Why     string `json:"why"`
}

type settingJSON struct {
	sourceJSON
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"`
}

type showJSON struct {
	App         string          `json:"app"`
	Role        string          `json:"role"`
	Dest        string          `json:"dest,omitempty"`
	Profile     *profileJSON    `json:"profile"`
	Destination string          `json:"destination,omitempty"`
	Tried       []trialJSON     `json:"tried"`
	Exceptions  []exceptionJSON `json:"exceptions"`
	Settings    []settingJSON   `json:"settings"`
	Enforced    []settingJSON   `json:"enforced,omitempty"`
}

func (s *showing) document(d *policy.Decision) showJSON {
	doc := showJSON{App: s.subject.Exe, Role: s.role, Dest: s.dest, Tried: []trialJSON{}, Exceptions: []exceptionJSON{}}
	if p := d.Profile; p != nil {
		doc.Profile = &profileJSON{sourceOf(p.Source), p.Name, p.Mode.String()}
	}
	if d.Section != nil {
		doc.Destination = d.Section.String()
	}
	for _, t := range d.Tried {
		doc.Tried = append(doc.Tried, trialJSON{sourceOf(t.Profile.Match.Source), t.Profile.Name, t.Matched(), t.Chosen(), t.Explain(s.subject)})
	}
	for _, e := range d.Exceptions {
		doc.Exceptions = append(doc.Exceptions, exceptionJSON{sourceJSON: sourceOf(e.Source), Keys: []string{}, Reason: e.Reason, Expires: e.Expires(), State: "in force"})
	}
	doc.Settings = s.settings(&d.Settings)
	if d.Enforced != nil {
		doc.Enforced = s.settings(d.Enforced)
	}
	return doc
}

func (s *showing) settings(in *policy.Settings) []settingJSON {
	var all []settingJSON
	for _, k := range keysFor(s.role) {
		all = append(all, settingJSON{sourceOf(in.Sources.At(k)), k.String(), in.Show(k), in.From(k)})
	}
	return all
}
