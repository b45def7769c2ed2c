package engine

import "github.com/securesocketapi/ssa/internal/linux"

// shutdownWrite sends FIN behind everything written.
func (s *stream) shutdownWrite() error {
	var err error
	if cerr := s.raw.Control(func(fd uintptr) { err = linux.Shutdown(linux.FD(fd), linux.ShutWr) }); cerr != nil {
		return cerr
	}
	return err
}

// abortive says whether close(2) is to reset the connection: SO_LINGER with 0 seconds (socket(7)).
func (s *stream) abortive() bool {
	abort := false
	_ = s.raw.Control(func(fd uintptr) { // a closed descriptor has no options
		on, seconds, err := linux.Linger(linux.FD(fd))
		abort = err == nil && on && seconds == 0
	})
	return abort
}

// Close ends the connection as close(2) does, but never waits for the peer: SO_LINGER is turned off first. The
// shutdown makes it effective while somebody else has the socket open too.
func (s *stream) Close() error {
	_ = s.raw.Control(func(fd uintptr) { // what fails here failed before or is closed
		_ = linux.SetLinger(linux.FD(fd), false, 0)
		_ = linux.Shutdown(linux.FD(fd), linux.ShutRdWr)
	})
	return s.f.Close()
}

// reset ends the connection with an RST and drops what was not sent.
func (s *stream) reset() error {
	_ = s.raw.Control(func(fd uintptr) {
		_ = linux.SetLinger(linux.FD(fd), true, 0)
		_ = linux.Disconnect(linux.FD(fd))
	})
	return s.f.Close()
}
