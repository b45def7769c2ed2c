package linux

import (
	"bytes"
	"fmt"
	"strconv"
)

// PidfdPID is the process behind a pidfd by its number in the namespace of /proc: ESRCH when it has ended, EBADF
// when the descriptor is no pidfd.
func PidfdPID(pidfd FD) (int, error) {
	b, err := readProc("/proc/self/fdinfo/" + strconv.Itoa(int(pidfd)))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(b) {
		text, ok := bytes.CutPrefix(line, []byte("Pid:"))
		if !ok {
			continue
		}
		pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
		switch {
		case err != nil:
			return 0, fmt.Errorf("decode the number of a pidfd: %w", err)
		case pid == -1: // it has ended
			return 0, ESRCH
		case pid == 0: // it is in a namespace that is not visible here
			return 0, EPERM
		}
		return pid, nil
	}
	return 0, EBADF
}

// PidfdAlive says whether the process behind a pidfd has not ended yet.
func PidfdAlive(pidfd FD) bool {
	events, err := Poll(pidfd, PollIn, 0)
	return err == nil && events == 0
}
