package launch

import (
	"os"
	"strconv"

	"github.com/securesocketapi/ssa/internal/linux"
)

// controlFD is the lowest number for the socket to another process of ours: out of the way of those that the
// program inherits, whose numbers mean something to it.
const controlFD = 500

// Self is this program, also when its file has been replaced.
const Self = "/proc/self/exe"

// spawn starts this program in another role with a socket to it. Standard descriptors and all that are
// inherited by this process are inherited on.
func spawn(role string, p Process, flags ...string) (control linux.FD, pid int, err error) {
	ours, theirs, err := linux.SeqpacketPair()
	if err != nil {
		return linux.NoFD, 0, err
	}
	defer theirs.Close()
	far, err := linux.DupCloexec(theirs, controlFD)
	if err != nil {
		far, err = linux.DupCloexec(theirs, 3) // a limit of descriptors below it
	}
	if err == nil {
		err = linux.SetInheritable(far)
	}
	if err != nil {
		ours.Close()
		return linux.NoFD, 0, err
	}
	defer far.Close()
	argv := append([]string{"ssa", role, "--control=" + strconv.Itoa(int(far)), "--front=" + strconv.Itoa(p.Front)}, flags...)
	argv = append(argv, "--blocked="+strconv.FormatUint(p.Signals.Blocked, 10))
	if p.Wrapping {
		argv = append(argv, "--wrapping")
	}
	for _, n := range p.Signals.Ignored {
		argv = append(argv, "--ignored="+strconv.Itoa(n))
	}
	child, err := os.StartProcess(Self, append(append(argv, "--"), p.Command...), &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Env:   hidden(os.Environ()),
	})
	if err != nil {
		ours.Close()
		return linux.NoFD, 0, err
	}
	pid = child.Pid
	return ours, pid, child.Release()
}
