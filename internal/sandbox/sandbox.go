// Package sandbox turns this process into a program that can do little but compute: it reads the programs and libraries of
// the machine, talks over the descriptors 0 to 2, and ends with whoever started it. It knows nothing of what the program
// is for.
//
// A process enters in this order, because each step needs what the next takes away:
//
//  1. no_new_privs; descriptors beyond 2 are closed by execve(2); limits; an empty environment;
//  2. Landlock (landlock(7)): files, TCP, signals and abstract sockets of others;
//  3. a seccomp filter: calls that reach other processes, the process group or the kernel's backyard, and sockets;
//  4. execve(2).
//
// That it ends with its parent, and as whom it runs, is for the parent to arrange: [linux.Leashed].
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Limits of the process (setrlimit(2)).
const (
	// dataMax bounds the memory it allocates, in bytes.
	dataMax = 1 << 30
	// fileMax bounds a file it writes, in bytes.
	fileMax = 64 << 20
	// descriptorsMax bounds its open files.
	descriptorsMax = 256
)

// Config is what the program may do beyond the least.
type Config struct {
	// Path is the program's file, absolute, Args its arguments.
	Path string
	Args []string
	// Network lets it make sockets for IPv4 and IPv6.
	Network bool
	// State says that descriptor 3 is a directory it may write in, and begins in.
	State bool
}

// Enter becomes the program. It returns only with an error.
func Enter(c Config) error {
	runtime.LockOSThread() // the filter is this thread's, which executes the program
	path, err := filepath.EvalSymlinks(c.Path)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"give up privileges", linux.NoNewPrivs},
		{"clear ambient capabilities", linux.ClearAmbient},
		{"change the directory", c.begin},
		{"leave descriptors behind", func() error { return linux.CloexecFrom(3) }},
		{"limit resources", limit},
		{"restrict files", func() error { return restrict(c, path) }},
		{"restrict calls", func() error { return filter(c.Network) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	_ = linux.Umask(0o077) // the old mask is nobody's any more
	return fmt.Errorf("execute %s: %w", c.Path, linux.Exec(c.Path, append([]string{c.Path}, c.Args...), nil))
}

// begin changes to the directory the program begins in. It is given as a descriptor, because the way to it may be closed to
// the program's user.
func (c Config) begin() error {
	if !c.State {
		return os.Chdir("/")
	}
	dir := os.NewFile(stateFD, "state")
	defer func() { _ = dir.Close() }()
	return dir.Chdir()
}

// stateFD is where the directory is.
const stateFD = 3

func limit() error {
	return errors.Join(
		linux.Limit(linux.RlimitCore, 0),
		linux.Limit(linux.RlimitData, dataMax),
		linux.Limit(linux.RlimitFsize, fileMax),
		linux.Limit(linux.RlimitNofile, descriptorsMax),
	)
}
