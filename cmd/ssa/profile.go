package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/policy"
)

func profileCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "profile",
		Short: "Make profiles for applications and switch their modes",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(profileNewCommand(), profileModeCommand(policy.Complain), profileModeCommand(policy.Enforce))
	return c
}

// skeleton is a new profile.
type skeleton struct {
	exe, unit, user string
	write           bool
}

func profileNewCommand() *cobra.Command {
	var s skeleton
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a profile to begin with",
		Long: "Write a drop-in with a profile that only complains, to standard output or, with --write, to\n" +
			config.AdminDir + "/NAME.toml.",
		Example: "  ssa profile new www --exe /usr/sbin/nginx --write",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return s.run(args[0])
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	c.Flags().StringVar(&s.exe, "exe", "", "`PATH` of the executables the profile is for; * and ** are wildcards")
	c.Flags().StringVar(&s.unit, "unit", "", "systemd `UNIT` the profile is for")
	c.Flags().StringVar(&s.user, "user", "", "`USER` the profile is for")
	c.Flags().BoolVar(&s.write, "write", false, "write the file")
	return c
}

func (s *skeleton) run(name string) error {
	text, err := s.text(name)
	if err != nil {
		return err
	}
	if !s.write {
		_, err := fmt.Fprint(os.Stdout, text)
		return err
	}
	path, err := config.Create(config.AdminDir, name+".toml", text)
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	_, err = fmt.Fprintln(os.Stdout, path)
	return err
}

// text is the drop-in. It is read back, so that nothing is written that check would refuse.
func (s *skeleton) text(name string) (string, error) {
	var by []string
	for _, m := range []struct{ key, value string }{{"exe", s.exe}, {"unit", s.unit}, {"user", s.user}} {
		if m.value != "" {
			by = append(by, fmt.Sprintf("%s = %q", m.key, m.value))
		}
	}
	if len(by) == 0 {
		by = []string{fmt.Sprintf("exe = %q", "/usr/bin/"+name)}
	}
	text := fmt.Sprintf(template, name, strings.Join(by, ", "))
	if r := config.Parse(daemon.PolicyOptions(), name+".toml", []byte(text)); r.Err() != nil {
		return "", r.Err()
	}
	return text, nil
}

// template is a profile with a name and a match.
const template = `# A profile for an application; see ssa-policy(5). After a change: ssa policy check
[profile.%q]
match = { %s }

# The profile refuses nothing as long as it only complains. What it would refuse is logged. To put it in force:
# ssa profile enforce NAME
mode = "complain"

# What is not set here is as in the global settings.
# extends = "modern-2026"
# versions = ["TLS1.3", "TLS1.2"]
# trust_store = "/etc/ssl/private-ca.pem"
# honor_application_validation = false
# keys = ["/etc/ssl/private/www*.pem"]
`

func profileModeCommand(mode policy.Mode) *cobra.Command {
	short := "Put a profile in force"
	if mode == policy.Complain {
		short = "Let a profile only log what it would refuse"
	}
	return &cobra.Command{
		Use:   mode.String() + " NAME",
		Short: short,
		Long:  short + ", from when ssad reads the policy again: ssa policy reload.",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := config.SetMode(daemon.PolicyOptions(), config.AdminDir, args[0], mode)
			if errors.Is(err, os.ErrPermission) {
				return fmt.Errorf("%w\nhint: only root can change the policy", err)
			}
			if err == nil && path != "" {
				_, err = fmt.Fprintln(os.Stdout, path)
			}
			return err
		},
		ValidArgsFunction: completeProfile,
	}
}

// completeProfile offers the names of the profiles.
func completeProfile(_ *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	p, err := loaded()
	if err != nil || len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, profile := range p.Profiles() {
		names = append(names, profile.Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
