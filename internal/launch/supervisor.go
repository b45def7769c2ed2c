package launch

import (
	"errors"
	"fmt"
	"os"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Server answers the calls of a tree.
type Server interface {
	// Serve receives from a seccomp listener. It returns once nothing is left to do.
	Serve(listener linux.FD) error
	// Settle gives back what a program that has just ended held, such as its ports.
	Settle()
}

// Supervisor starts the command below itself, and has the tree served until its last process has ended.
func Supervisor(p Process, server Server) error {
	s := &supervisor{server: server, front: p.Control, seen: newSightings()}
	if err := linux.SetCloexec(p.Control); err != nil {
		return err
	}
	inherited, err := linux.Inherited()
	if err != nil {
		return fmt.Errorf("list the inherited descriptors: %w", err)
	}
	if err := linux.ChildSubreaper(); err != nil {
		return fmt.Errorf("become a subreaper: %w", err)
	}
	signals, caught := catch()
	var program linux.FD
	err = WithSlack(p.Slack, func() (err error) {
		program, s.pid, err = spawn("launch", Process{Front: p.Front, Command: p.Command, Signals: p.Signals, Wrapping: p.Wrapping})
		return err
	})
	if err != nil {
		return fmt.Errorf("start the program: %w", err)
	}
	<-caught
	go s.seen.collect(signals)
	_, _, _ = receive(s.front) // ready, or the end, which obey finds again
	if s.pidfd, err = linux.PidfdOpen(s.pid, false); err != nil {
		return fmt.Errorf("open the program's process: %w", err)
	}
	_ = send(s.front, message{started, int32(s.pid)}, linux.NoFD)
	go s.obey()
	return s.serve(program, inherited)
}

// supervisor is the supervisor's process.
type supervisor struct {
	server Server
	front  linux.FD
	pid    int
	pidfd  linux.FD
	seen   *sightings
}

// serve receives the listener and serves it. A program that fails before has said why on standard error.
func (s *supervisor) serve(program linux.FD, inherited []linux.FD) error {
	hears, err := program.File("program")
	if err != nil {
		return fmt.Errorf("make the socket to the program ready for polling: %w", err)
	}
	defer func() { _ = hears.Close() }()
	m, fd, err := await(hears)
	if err != nil || m.kind != listener {
		return s.reap()
	}
	if err := linux.NotDumpable(); err != nil { // keys are here; the program may be of the same user
		return err
	}
	if err := send(program, message{kind: serving}, linux.NoFD); err != nil {
		return s.reap()
	}
	reaped := make(chan error, 1)
	go func() {
		_, _, _ = await(hears) // until execve closes it
		abandon(inherited)
		reaped <- s.reap()
	}()
	err = s.server.Serve(fd)
	err = errors.Join(err, <-reaped)
	_ = send(s.front, message{kind: drained}, linux.NoFD)
	return err
}

// abandon gives up what was inherited for the program: the readers of its pipes wait for its end, not ours.
func abandon(inherited []linux.FD) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer null.Close()
	_ = linux.Control(null, func(fd linux.FD) error {
		for _, f := range inherited {
			if f > 2 {
				f.Close()
				continue
			}
			if err := linux.Dup2(fd, f); err != nil {
				return err
			}
		}
		return nil
	})
	_ = os.Chdir("/")
}

// reap waits for the program and for orphans of the tree until there is no child left, and tells the front
// what becomes of the program.
func (s *supervisor) reap() error {
	for {
		pid, status, err := linux.Wait4()
		if linux.NoChild(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("wait for the program: %w", err)
		}
		if pid == s.pid {
			s.report(status)
		}
	}
}

func (s *supervisor) report(status linux.WaitStatus) {
	switch {
	case status.Stopped():
		_ = send(s.front, message{stopped, int32(status.StopSignal())}, linux.NoFD)
	case status.Exited(), status.Signaled():
		s.server.Settle()
		_ = send(s.front, message{ended, int32(status)}, linux.NoFD)
		_ = linux.Setsid() // what is left of the tree has nothing to do with the terminal any more
	}
}

// obey passes on the signals the front has got, until the front ends. When that happens before the program has
// ended, somebody has killed what stands for the program.
func (s *supervisor) obey() {
	for {
		m, _, err := receive(s.front)
		if err != nil {
			_ = linux.PidfdSendSignal(s.pidfd, int(linux.SIGKILL))
			return
		}
		if n := linux.Signal(m.value); m.kind == signalled && !s.seen.both(n) {
			_ = linux.PidfdSendSignal(s.pidfd, int(n))
		}
	}
}
