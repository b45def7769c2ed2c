package daemon

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	"github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// read is the right to read files and list directories, not to execute.
const read = landlock.AccessFSSet(syscall.AccessFSReadFile | syscall.AccessFSReadDir)

// confine takes from this process, for good, all that its role does not need (landlock(7)): it executes nothing, writes
// to nothing but the directories given, opens no TCP connection and no port, and signals nobody outside. Kernels without
// some of that restrict what they can; where there is none, or a container forbids it, the log says so.
func confine(logger *slog.Logger, writable ...string) error {
	if v, err := syscall.LandlockGetABIVersion(); err != nil || v < 1 {
		logger.Warn("Landlock is not to be had here: only the user's rights confine this process", "error", err)
		return nil
	}
	rules := []landlock.Rule{landlock.PathAccess(read, "/")}
	if len(writable) > 0 {
		rules = append(rules, landlock.RWDirs(writable...))
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
