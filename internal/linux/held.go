package linux

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// Held is what a task has of a socket.
type Held struct {
	Descriptors   []Descriptor
	Registrations []Registration
}

// HeldMax bounds the registrations of one socket; one more says that there are more.
const HeldMax = 64

// A Descriptor is a number in a task's table.
type Descriptor struct {
	Number  int
	Cloexec bool
}

// epollLink is what the descriptor of an epoll instance links to in /proc/PID/fd.
const epollLink = "anon_inode:[eventpoll]"

// Held reads which descriptors a task has of a socket, and how the socket is registered with epoll instances that the
// task has descriptors of. An instance with several is listed under each.
func (t Task) Held(inode uint64) (h Held, err error) {
	link := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	err = t.descriptors(func(n int, target string) error {
		if target == link {
			cloexec, err := t.cloexec(n)
			h.Descriptors = append(h.Descriptors, Descriptor{n, cloexec})
			return err
		}
		if target != epollLink {
			return nil
		}
		return t.registrations(n, func(r Registration) {
			if r.Inode == inode && len(h.Registrations) <= HeldMax {
				h.Registrations = append(h.Registrations, r)
			}
		})
	})
	return h, err
}

// descriptors calls fn for each open descriptor. One that is closed meanwhile is none.
func (t Task) descriptors(fn func(number int, target string) error) error {
	names, err := directory(t.proc("fd"))
	if err != nil {
		return err
	}
	for _, name := range names {
		target, err := os.Readlink(t.proc("fd/" + name))
		if err != nil {
			continue
		}
		n, err := strconv.Atoi(name)
		if err == nil {
			err = fn(n, target)
		}
		if err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

func directory(name string) ([]string, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// cloexec reads FD_CLOEXEC from fdinfo (proc(5)).
func (t Task) cloexec(fd int) (bool, error) {
	const flag = 0o2000000 // O_CLOEXEC, as in open(2)
	b, err := readProc(t.proc("fdinfo/" + strconv.Itoa(fd)))
	if err != nil {
		return false, err
	}
	for line := range bytes.Lines(b) {
		if value, ok := strings.CutPrefix(string(line), "flags:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(value), 8, 32)
			return n&flag != 0, err
		}
	}
	return false, nil
}

// HeldElsewhere says whether a process below this one, but for the task's own, has a descriptor of a socket. One on its
// way through another socket is not seen.
func (t Task) HeldElsewhere(inode uint64) (bool, error) {
	own, err := ReadStatus(int(t))
	if err != nil {
		return false, err
	}
	link := "socket:[" + strconv.FormatUint(inode, 10) + "]"
	for _, p := range descendants(Task(os.Getpid()), nil) {
		if int(p) == own.Tgid {
			continue
		}
		found := false
		err := p.descriptors(func(_ int, target string) error {
			found = found || target == link
			return nil
		})
		if found {
			return true, nil
		}
		if err != nil && !os.IsNotExist(err) && !isGone(err) {
			return false, err
		}
	}
	return false, nil
}

func isGone(err error) bool {
	e, _ := ErrnoOf(err)
	return e == ESRCH || e == ENOENT || e == EACCES // the last of a process that is ending
}

// descendants lists the processes below one, from /proc/PID/task/TID/children (proc(5)).
func descendants(of Task, list []Task) []Task {
	threads, err := directory(of.proc("task"))
	if err != nil {
		return list // it has ended
	}
	for _, tid := range threads {
		b, err := readProc(of.proc("task/" + tid + "/children"))
		if err != nil {
			continue
		}
		for _, field := range bytes.Fields(b) {
			if pid, err := strconv.Atoi(string(field)); err == nil {
				list = descendants(Task(pid), append(list, Task(pid)))
			}
		}
	}
	return list
}
