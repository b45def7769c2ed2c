package engine

import "github.com/securesocketapi/ssa/internal/linux"

// shutdownWrite sends FIN behind everything written.
func (s *stream) shutdownWrite() error {
	return s.with(func(fd linux.FD) error { return linux.Shutdown(fd, linux.ShutWr) })
}

// abortive says whether close(2) is to reset the connection: SO_LINGER with 0 seconds (socket(7)).
func (s *stream) abortive() bool {
	abort := false
	_ = s.with(func(fd linux.FD) error { // a closed descriptor has no options
		on, seconds, err := linux.Linger(fd)
		abort = err == nil && on && seconds == 0
		return nil
	})
	return abort
}

// Close ends the connection as close(2) does, but never waits for the peer: SO_LINGER is turned off first. The
// shutdown makes it effective while somebody else has the socket open too.
func (s *stream) Close() error {
	_ = s.with(func(fd linux.FD) error { // what fails here failed before or is closed
		_ = linux.SetLinger(fd, false, 0)
		return linux.Shutdown(fd, linux.ShutRdWr)
	})
	return s.release()
}

// reset ends the connection with an RST and drops what was not sent.
func (s *stream) reset() error {
	_ = s.with(func(fd linux.FD) error {
		_ = linux.SetLinger(fd, true, 0)
		return linux.Disconnect(fd)
	})
	return s.release()
}
