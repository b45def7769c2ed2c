package sandbox

import (
	"errors"
	"flag"
	"io"
	"path/filepath"
)

// Role is the word by which a program of ours is told to enter the sandbox.
const Role = "sandbox"

// The flags of that role.
const (
	networkFlag = "network"
	stateFlag   = "state"
)

// Launcher is the command that makes self, a program of ours, become another in a sandbox: "--", path and arguments are
// to follow. With state, its descriptor 3 is the directory.
func Launcher(self string, network, state bool) []string {
	argv := []string{self, Role}
	if network {
		argv = append(argv, "--"+networkFlag)
	}
	if state {
		argv = append(argv, "--"+stateFlag)
	}
	return argv
}

// Main is the role: it reads what follows the word in the command line and enters. It returns only with an error.
func Main(args []string) error {
	flags := flag.NewFlagSet(Role, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	var c Config
	flags.BoolVar(&c.Network, networkFlag, false, "")
	flags.BoolVar(&c.State, stateFlag, false, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 || !filepath.IsAbs(flags.Arg(0)) {
		return errors.New("sandbox: give the absolute path of a program")
	}
	c.Path, c.Args = flags.Arg(0), flags.Args()[1:]
	return Enter(c)
}
