package sandbox

import (
	"errors"
	"path/filepath"

	"github.com/landlock-lsm/go-landlock/landlock"
	"github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// run is the right to read and execute files and to list directories; use that to read and write what exists.
const (
	run = landlock.AccessFSSet(syscall.AccessFSReadFile | syscall.AccessFSReadDir | syscall.AccessFSExecute)
	use = landlock.AccessFSSet(syscall.AccessFSReadFile | syscall.AccessFSWriteFile)
)

// programs are the directories where a machine keeps programs, their libraries and their configuration. What in them is
// not for everybody is not for this process's user either.
func programs() []string {
	return []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix/store"}
}

// restrict leaves those directories, that of the program, and the devices every program expects. A kernel without some of
// it, or without Landlock, restricts what it can: the user's rights and the filter are there in any case.
func restrict(c Config, real string) error {
	rules := []landlock.Rule{
		landlock.PathAccess(run, programs()...).IgnoreIfMissing(),
		landlock.PathAccess(run&^syscall.AccessFSReadDir, c.Path, real),
		landlock.PathAccess(use, "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random").IgnoreIfMissing(),
	}
	for _, dir := range []string{filepath.Dir(c.Path), filepath.Dir(real)} {
		if dir != "/" { // a program at the root does not open everything
			rules = append(rules, landlock.PathAccess(run, dir))
		}
	}
	if c.State {
		rules = append(rules, landlock.RWDirs("."))
	}
	known := landlock.V6.BestEffort()
	if !c.Network {
		return known.Restrict(rules...)
	}
	return errors.Join(known.RestrictPaths(rules...), known.RestrictScoped())
}
