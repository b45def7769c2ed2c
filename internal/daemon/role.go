package daemon

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/launch"
	"github.com/securesocketapi/ssa/internal/linux"
)

// The roles by which ssad starts itself.
const (
	RoleNetwork = "network"
	RoleKeys    = "keys"
	RoleWitness = "witness"
	RoleJudges  = "judges"
)

// firstFD is the number of the first descriptor a role is given; the others follow.
const firstFD = 3

// role is a process to start.
type role struct {
	name string
	args []string
	// slack is by how much its timers may be late.
	slack time.Duration
	// fds become descriptors 3, 4, …
	fds []linux.FD
	// capabilities are the only ones it has.
	capabilities []int
	// ended, if any, is closed when it has ended.
	ended chan struct{}
}

// spawn starts a role from the program's file as it is on disk now.
func (r role) spawn(who account) (*os.Process, error) {
	path, err := program()
	if err != nil {
		return nil, err
	}
	type result struct {
		p   *os.Process
		err error
	}
	started := make(chan result)
	go func() {
		// The thread is not used again: its ambient capabilities are gone.
		runtime.LockOSThread()
		p, err := r.exec(path, who)
		started <- result{p, err}
	}()
	s := <-started
	return s.p, s.err
}

func (r role) exec(path string, who account) (*os.Process, error) {
	if err := linux.ClearAmbient(); err != nil {
		return nil, fmt.Errorf("give up capabilities: %w", err)
	}
	files := []*os.File{os.Stdin, os.Stdout, os.Stderr}
	for _, fd := range r.fds {
		dup, err := linux.DupCloexec(fd, firstFD)
		if err != nil {
			return nil, err
		}
		f := os.NewFile(uintptr(dup), r.name)
		defer func() { _ = f.Close() }()
		files = append(files, f)
	}
	var p *os.Process
	err := launch.WithSlack(r.slack, func() (err error) {
		p, err = os.StartProcess(path, append([]string{"ssad", r.name}, r.args...), &os.ProcAttr{
			Env: os.Environ(), Files: files, Sys: who.attributes(r.capabilities),
		})
		return err
	})
	return p, err
}

// program is the path of this program's file, which an upgrade may have replaced.
func program() (string, error) {
	path, err := os.Executable()
	return strings.TrimSuffix(path, " (deleted)"), err
}
