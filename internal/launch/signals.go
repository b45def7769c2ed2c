package launch

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Signals is what the program is to find: nohup(1) has had SIGHUP ignored, a shell SIGINT and SIGQUIT for a job in
// the background, systemd SIGPIPE.
type Signals struct {
	// Ignored are numbers.
	Ignored []int
	// Blocked is a mask, signal n at bit n-1.
	Blocked uint64
}

// signalsAtStart are the front's own.
func signalsAtStart() (Signals, error) {
	in, err := linux.SignalsAtStart()
	if err != nil {
		return Signals{}, fmt.Errorf("find the signals that are ignored and blocked: %w", err)
	}
	s := Signals{Blocked: in.Blocked}
	for _, n := range in.Ignored {
		s.Ignored = append(s.Ignored, int(n))
	}
	return s, nil
}

// catch has all signals that somebody may send delivered. Go hands each of them to another thread and back for that, which
// takes as long as to start a process; caught is closed when it is done.
func catch() (signals <-chan os.Signal, caught <-chan struct{}) {
	c, done := make(chan os.Signal, 64), make(chan struct{})
	go func() {
		defer close(done)
		signal.Notify(c, linux.Forwardable()...)
	}()
	return c, done
}

// restore makes them those of this thread, which is locked and becomes the program.
func (s Signals) restore() error {
	list := make([]os.Signal, len(s.Ignored))
	for i, n := range s.Ignored {
		list[i] = linux.Signal(n)
	}
	if len(list) > 0 { // of none, os/signal makes all
		signal.Ignore(list...)
	}
	return linux.SetSignalBits(s.Blocked)
}
