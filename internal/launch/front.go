package launch

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Exit codes of our own failures, as env(1), nohup(1) and timeout(1) have them.
const (
	ExitFailure       = 125
	ExitNotExecutable = 126
	ExitNotFound      = 127
)

// Supervised says whether this process runs under a supervisor already.
func Supervised() bool {
	fd, err := linux.Socket(linux.AFInet, linux.SockStream, abi.ProtoTLS)
	if err != nil {
		return false
	}
	fd.Close()
	return true
}

// Front starts a command and returns the exit code to end with. When a signal ended the command, the same
// signal ends this process. Flags are the supervisor's.
func Front(command []string, flags ...string) (int, error) {
	inherited, err := signalsAtStart()
	if err != nil {
		return ExitFailure, err
	}
	if Supervised() {
		return execute(command, inherited)
	}
	signals, caught := catch()
	control, err := startSupervisor(Process{Front: os.Getpid(), Command: command, Signals: inherited}, flags)
	if err != nil {
		return ExitFailure, fmt.Errorf("start the supervisor: %w", err)
	}
	defer control.Close()
	<-caught
	_ = send(control, message{kind: ready}, linux.NoFD) // follow finds out when nobody is there
	go forward(signals, control)
	return follow(control)
}

func startSupervisor(p Process, flags []string) (control linux.FD, err error) {
	if p.Slack, err = linux.TimerSlack(); err != nil {
		return linux.NoFD, fmt.Errorf("read the slack of timers: %w", err)
	}
	err = WithSlack(max(p.Slack, Slack), func() (err error) {
		control, _, err = spawn("supervise", p, append(flags, "--slack="+p.Slack.String())...)
		return err
	})
	return control, err
}

// forward tells the supervisor of each signal; it knows whether the program has got it as well.
func forward(signals <-chan os.Signal, control linux.FD) {
	for s := range signals {
		if n, ok := s.(linux.Signal); ok {
			_ = send(control, message{signalled, int32(n)}, linux.NoFD)
		}
	}
}

// follow does what the program does, until it ends. A program whose supervisor has died could make no
// connection any more, TLS or not: it is killed, so that whoever watches it starts it again.
func follow(control linux.FD) (int, error) {
	program, pid := linux.NoFD, 0
	defer func() { program.Close() }()
	for {
		m, _, err := receive(control)
		if err != nil {
			if program == linux.NoFD {
				return ExitFailure, nil // it has said why
			}
			_ = linux.PidfdSendSignal(program, int(linux.SIGKILL))
			return ExitFailure, fmt.Errorf("the supervisor has ended before the program, which was killed with it")
		}
		switch m.kind {
		case started:
			pid = int(m.value)
			if program, err = linux.PidfdOpen(pid, false); err != nil {
				program = linux.NoFD // it has ended already
			}
		case stopped:
			if isStopped(pid) { // somebody may have let it go on meanwhile
				stop(linux.Signal(m.value))
			}
		case ended:
			return end(linux.WaitStatus(m.value), control), nil
		case signalled, listener, serving, drained, ready: // not for the front, or not before the end
		}
	}
}

func isStopped(pid int) bool {
	s, err := linux.ReadStatus(pid)
	return err == nil && s.State == "T"
}

// stop stops this process as the program was stopped; somebody's SIGCONT lets both go on.
func stop(s linux.Signal) { _ = linux.Raise(s) }

// end waits for the supervisor when this is the first process of its PID namespace, where nothing outlives it.
func end(status linux.WaitStatus, control linux.FD) int {
	for os.Getpid() == 1 {
		if m, _, err := receive(control); err != nil || m.kind == drained {
			break
		}
	}
	if !status.Signaled() {
		return status.ExitStatus()
	}
	_ = linux.NoCore() // the program has left one if it was to
	_ = linux.Raise(status.Signal())
	return 128 + int(status.Signal())
}

// execute replaces this process by the command.
func execute(command []string, signals Signals) (int, error) {
	path, err := exec.LookPath(command[0])
	if err != nil {
		return execFailure(command[0], err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := signals.restore(); err != nil {
		return ExitFailure, err
	}
	return execFailure(command[0], linux.Exec(path, command, environment(os.Environ(), 0)))
}
