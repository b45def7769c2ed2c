package daemon

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	"github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/securesocketapi/ssa/internal/sandbox"
)

// read is the right to read files and list directories, not to execute.
const read = landlock.AccessFSSet(syscall.AccessFSReadFile | syscall.AccessFSReadDir)

// keep is the right to keep files and sockets in a directory besides, not to execute any.
const keep = read | landlock.AccessFSSet(syscall.AccessFSWriteFile|syscall.AccessFSTruncate|syscall.AccessFSMakeReg|
	syscall.AccessFSMakeDir|syscall.AccessFSMakeSock|syscall.AccessFSRemoveFile|syscall.AccessFSRemoveDir)

// confine takes from this process, for good, all that its role does not need: it makes no socket but Unix ones
// (seccomp(2)), executes nothing, writes to nothing but the directories given, and signals nobody outside (landlock(7)).
// Kernels without some of Landlock restrict what they can; where there is none, or a container forbids it, the log says so.
func confine(logger *slog.Logger, writable ...string) error {
	if err := sandbox.NoNetwork(); err != nil {
		return err
	}
	if v, err := syscall.LandlockGetABIVersion(); err != nil || v < 1 {
		logger.Warn("Landlock is not to be had here: only the user's rights confine this process", "error", err)
		return nil
	}
	rules := []landlock.Rule{landlock.PathAccess(read, "/")}
	if len(writable) > 0 {
		rules = append(rules, landlock.PathAccess(keep, writable...))
	}
	if err := landlock.V6.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("confine the process: %w", err)
	}
	return nil
}

// confine takes from the process of the judges all but reading, executing plugins, writing to its own directory, and
// the network.
func (c chambers) confine() error {
	if v, err := syscall.LandlockGetABIVersion(); err != nil || v < 1 {
		c.log.Warn("this kernel has no Landlock: only the user's rights confine this process", "error", err)
		return nil
	}
	rules := []landlock.Rule{landlock.PathAccess(read|syscall.AccessFSExecute, "/"), landlock.RWFiles(os.DevNull)}
	if c.stateDir != "" {
		rules = append(rules, landlock.RWDirs(c.stateDir))
	}
	if err := landlock.V6.BestEffort().RestrictPaths(rules...); err != nil {
		return fmt.Errorf("confine the process: %w", err)
	}
	return nil
}
