package linux

import (
	"os"
	"strconv"
)

// Interruption is why a task that waits for us should go on.
type Interruption int

// The reasons, and what the waiting call is to return.
const (
	// NotInterrupted: it may wait.
	NotInterrupted Interruption = iota
	// Restart: this thread has a signal to handle; ERESTARTSYS lets the kernel restart the call or return
	// EINTR as the handler's SA_RESTART says.
	Restart
	// Interrupt: the process has a signal which this thread may or may not be the one to handle; EINTR.
	Interrupt
)

// Interrupted says whether a task that is stopped in a trapped call has a signal that it would handle now.
func (t Task) Interrupted() Interruption {
	s, err := ReadStatus(int(t))
	if err != nil {
		return NotInterrupted // the task is gone, which the notification tells
	}
	switch alone := s.Threads == 1 || s.Tgid == int(t); {
	case s.SigPnd&^s.SigBlk != 0:
		return Restart
	case s.ShdPnd&^s.SigBlk != 0 && alone:
		return Restart
	case s.ShdPnd&^s.SigBlk != 0:
		return Interrupt
	case s.Threads > 1 && t.siblingStopped(s.Tgid):
		return Restart
	}
	return NotInterrupted
}

// siblingStopped says whether another thread has been stopped by job control. The whole process is then to
// stop, and waits for this thread.
func (t Task) siblingStopped(tgid int) bool {
	dir := "/proc/" + strconv.Itoa(tgid) + "/task"
	threads, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, other := range threads {
		if other.Name() == strconv.Itoa(int(t)) {
			continue
		}
		tid, err := strconv.Atoi(other.Name())
		if err != nil {
			return false
		}
		s, err := ReadStatus(tid)
		return err == nil && s.State == "T"
	}
	return false
}
