package linux

import (
	"bytes"
	"os"
	"path"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Task is a thread of a supervised program, by its number in our PID namespace. Each method reads what it
// needs at the time of the call: a task may change its identity, its root and its namespaces at any moment.
type Task int

func (t Task) proc(name string) string { return "/proc/" + strconv.Itoa(int(t)) + "/" + name }

// Inode is the number of the socket behind a descriptor; false when it is no socket or not open.
func (t Task) Inode(fd int) (uint64, bool) {
	var room [64]byte
	n, err := unix.Readlink(t.proc("fd/"+strconv.Itoa(fd)), room[:])
	if err != nil {
		return 0, false
	}
	return socketInode(room[:n])
}

// socketInode takes the inode out of what a descriptor of a socket links to.
func socketInode(target []byte) (uint64, bool) {
	number, ok := bytes.CutPrefix(target, []byte("socket:["))
	if !ok {
		return 0, false
	}
	ino, err := strconv.ParseUint(string(bytes.TrimSuffix(number, []byte("]"))), 10, 64)
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

// process is the number of the task's process: its own where it leads its threads, as only of such a pidfd can be had.
func (t Task) process() (int, error) {
	if pidfd, err := PidfdOpen(int(t), false); err == nil {
		return int(t), pidfd.Close()
	}
	s, err := ReadStatus(int(t))
	return s.Tgid, err
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
