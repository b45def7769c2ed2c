package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// Program installs the filter, has the supervisor serve it, tries a trapped call, and executes the command. It
// returns only when that did not work, with the exit code.
func Program(p Process) (int, error) {
	name := p.Command[0]
	path, err := exec.LookPath(name)
	if err != nil && !errors.Is(err, exec.ErrDot) {
		return execFailure(name, err)
	}
	runtime.LockOSThread() // the filter is this thread's, and execve keeps only this thread
	defer runtime.UnlockOSThread()
	if err := linux.SetCloexec(p.Control); err != nil {
		return ExitFailure, err
	}
	if err := trap(p.Control, p.Wrapping); err != nil {
		return ExitFailure, err
	}
	if err := try(); err != nil {
		return ExitFailure, err
	}
	if err := p.Signals.restore(); err != nil {
		return ExitFailure, err
	}
	return execFailure(name, linux.Exec(path, p.Command, environment(os.Environ(), p.Front)))
}

// trap installs the filter and waits until its calls are answered.
func trap(control linux.FD, wrapping bool) error {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return fmt.Errorf("the system calls of %s are not known; amd64 and arm64 are", runtime.GOARCH)
	}
	filter, err := seccomp.Filter(arch, abi.ProtoTLS, wrapping)
	if err != nil {
		return err
	}
	fd, err := linux.Seccomp(filter)
	if errors.Is(err, linux.EACCES) {
		// Without CAP_SYS_ADMIN a filter needs the promise that no setuid program below gains anything.
		if err := linux.NoNewPrivs(); err != nil {
			return fmt.Errorf("set no_new_privs: %w", err)
		}
		fd, err = linux.Seccomp(filter)
	}
	if err != nil {
		return installFailure(err)
	}
	defer fd.Close()
	if err := send(control, message{kind: listener}, fd); err != nil {
		return fmt.Errorf("hand the seccomp listener to the supervisor: %w", err)
	}
	if m, _, err := receive(control); err != nil || m.kind != serving {
		return errors.New("the supervisor does not serve the program's system calls")
	}
	return nil
}

// try makes one trapped call from end to end.
func try() error {
	fd, err := linux.Socket(linux.AFInet, linux.SockStream, abi.ProtoTLS)
	if errors.Is(err, linux.EAFNOSUPPORT) {
		fd, err = linux.Socket(linux.AFInet6, linux.SockStream, abi.ProtoTLS)
	}
	if err == nil {
		// Reading a value needs the descriptor and the memory of the program.
		var id [8]byte
		_, err = linux.Getsockopt(fd, abi.ProtoTLS, int(abi.TLSID), id[:])
		fd.Close()
	}
	if err != nil {
		return tryFailure(err)
	}
	return nil
}

// execFailure is the exit code and the message for a command that cannot be executed.
func execFailure(name string, err error) (int, error) {
	reason := error(nil)
	if e, ok := linux.ErrnoOf(err); ok {
		reason = e
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, exec.ErrNotFound) && !strings.Contains(name, "/"):
		return ExitNotFound, fmt.Errorf("run %s: command not found", name)
	case reason != nil:
		return ExitNotExecutable, fmt.Errorf("run %s: %w", name, reason)
	}
	return ExitNotExecutable, fmt.Errorf("run %s: %w", name, err)
}
