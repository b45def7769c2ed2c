package syscalls

import "github.com/securesocketapi/ssa/internal/linux"

// answer is what a call ends in: a value, an errno, a descriptor, or the kernel's own way.
type answer struct {
	value   int64
	err     error
	proceed bool
	// fd is installed in the program, and closed here in any case.
	fd      linux.FD
	cloexec bool
	// lost is called when a descriptor could not be installed.
	lost func()
}

func failure(err error) answer { return answer{fd: linux.NoFD, err: err} }
func pass() answer             { return answer{fd: linux.NoFD, proceed: true} }

// send gives the answer. When the call has gone away there is nobody to tell.
func (a answer) send(to Answerer) {
	switch {
	case a.proceed:
		_ = to.Continue()
	case a.err != nil:
		_ = to.Fail(Errno(a.err))
	case a.fd != linux.NoFD:
		a.give(to)
	default:
		_ = to.Return(a.value)
	}
}

// give installs the descriptor. The kernel does so in the program's context: its limit of descriptors and its
// security module apply, and what they say is the answer.
func (a answer) give(to Answerer) {
	err := to.Install(a.fd, a.cloexec)
	if err == nil {
		a.fd.Close()
		return
	}
	if a.lost != nil {
		a.lost() // takes the descriptor back
	} else {
		a.fd.Close()
	}
	_ = to.Fail(Errno(err))
}
