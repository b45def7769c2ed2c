package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/unit"
)

func enableCommand() *cobra.Command {
	var root string
	c := &cobra.Command{
		Use:   "enable UNIT",
		Short: "Have a service of systemd start under ssa run",
		Long: "Write a drop-in with which systemd starts a service under ssa run. Nothing is restarted. After a change of the\n" +
			"unit, as by an upgrade of its package, run it again.",
		Example: "  ssa enable nginx && systemctl daemon-reload && systemctl restart nginx",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return change(root, args[0], enable)
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	registerRoot(c, &root)
	return c
}

func registerRoot(c *cobra.Command, root *string) {
	c.Flags().StringVar(root, "root", "/", "read and write the units of the system below `DIR`")
	_ = c.MarkFlagDirname("root") // the flag exists
}

// changing changes a unit below root and gives the file of its drop-in.
type changing func(root, name string) (file string, changed bool, err error)

// change changes a unit and says what to do next.
func change(root, name string, by changing) error {
	name, err := unit.Name(name)
	if err != nil {
		return err
	}
	file, changed, err := by(root, name)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w\nhint: only root can change units", err)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !changed {
		complain(fmt.Errorf("%s is as it was", name))
		return nil
	}
	complain(errors.New("now: systemctl daemon-reload && systemctl restart " + name))
	_, err = fmt.Fprintln(os.Stdout, file)
	return err
}

func enable(root, name string) (file string, changed bool, err error) {
	ssa, err := os.Executable()
	if err != nil {
		return "", false, err
	}
	s, err := unit.Find(root, name)
	if err != nil {
		return "", false, err
	}
	text, err := s.DropIn(ssa)
	if err != nil {
		return "", false, err
	}
	return unit.Enable(root, name, text)
}
