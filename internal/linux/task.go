package linux

import (
	"os"
	"path"
	"strconv"
	"strings"
)

// Task is a thread of a supervised program, by its number in our PID namespace. Each method reads what it
// needs at the time of the call: a task may change its identity, its root and its namespaces at any moment.
type Task int

func (t Task) proc(name string) string { return "/proc/" + strconv.Itoa(int(t)) + "/" + name }

// Inode is the number of the socket behind a descriptor; false when it is no socket or not open.
func (t Task) Inode(fd int) (uint64, bool) {
	link, err := os.Readlink(t.proc("fd/" + strconv.Itoa(fd)))
	if err != nil {
		return 0, false
	}
	number, ok := strings.CutPrefix(link, "socket:[")
	if !ok {
		return 0, false
	}
	ino, err := strconv.ParseUint(strings.TrimSuffix(number, "]"), 10, 64)
	return ino, err == nil
}

// Descriptor duplicates a descriptor of the task. The open file description is shared with the program: see FD.
func (t Task) Descriptor(fd int) (FD, error) {
	pidfd, err := PidfdOpen(int(t), false)
	if err == EINVAL || err == ENOENT {
		pidfd, err = t.threadPidfd()
	}
	if err != nil {
		return NoFD, err
	}
	defer pidfd.Close()
	return PidfdGetfd(pidfd, fd)
}

// threadPidfd opens a thread that does not lead its group, or before Linux 6.9 the leader, which shares its
// descriptors unless the thread has called unshare(CLONE_FILES).
func (t Task) threadPidfd() (FD, error) {
	pidfd, err := PidfdOpen(int(t), true)
	if err != EINVAL {
		return pidfd, err
	}
	s, err := ReadStatus(int(t))
	if err != nil {
		return NoFD, err
	}
	return PidfdOpen(s.Tgid, false)
}

// Executable is the path of the program the task runs.
func (t Task) Executable() (string, error) { return os.Readlink(t.proc("exe")) }

// As runs fn with the task's own rights and in its network namespace, so that what fn opens, binds or marks
// is what the task itself could have. It runs on the calling goroutine; fn must not start another that needs them.
func (t Task) As(fn func() error) error {
	id, err := t.Identity()
	if err != nil {
		return err
	}
	defer id.Close()
	return id.As(fn)
}

// Open opens a file for reading as the task would: with its rights, below its root, and relative to its
// working directory.
func (t Task) Open(name string) (*os.File, error) {
	var f *os.File
	err := t.As(func() error {
		dir, rel, err := t.directory(name)
		if err != nil {
			return err
		}
		defer dir.Close()
		f, err = OpenInRoot(dir, rel)
		return err
	})
	return f, err
}

// directory opens the task's root, and makes the name relative to it.
func (t Task) directory(name string) (FD, string, error) {
	root, err := OpenPath(t.proc("root"))
	if err != nil || path.IsAbs(name) {
		return root, name, err
	}
	cwd, err := t.workingDirectory()
	if err != nil {
		root.Close()
		return NoFD, "", err
	}
	return root, cwd + "/" + name, nil
}

// workingDirectory is the task's working directory as seen from its own root.
func (t Task) workingDirectory() (string, error) {
	cwd, err := os.Readlink(t.proc("cwd"))
	if err != nil {
		return "", err
	}
	root, err := os.Readlink(t.proc("root"))
	if err != nil {
		return "", err
	}
	rel, ok := strings.CutPrefix(cwd, strings.TrimSuffix(root, "/"))
	if !ok || rel != "" && rel[0] != '/' {
		return "", ENOENT
	}
	return rel, nil
}
