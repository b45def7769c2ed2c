package linux

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A Tree is the processes below this one. Those who ask about it while a look at it is under way share the next look.
type Tree struct {
	// turn orders the looks, and guards what they keep.
	turn sync.Mutex
	// processes were all there are at a time when newest was the process or thread that the kernel had made last, as it has
	// been since a time before: as long as that is so, there are no others.
	processes []Task
	newest    string
	since, at time.Time
	room      []byte

	mu   sync.Mutex
	next *look
}

// A list of the processes may serve for processesTime, as numbers come again some day, and only when it was made some time
// after the last of them: the kernel numbers a process a little before it lists it.
const (
	processesTime = 100 * time.Millisecond
	settleTime    = 20 * time.Millisecond
)

// look is one at the descriptors of all processes.
type look struct {
	// sought are the processes by the inode of a socket that nobody but them is to have.
	sought map[uint64]int
	// over is guarded by turn.
	over  bool
	found map[uint64]bool
	err   error
}

// HeldElsewhere says whether a process of the tree other than the task's own has a descriptor of a socket. One on its way
// through another socket is not seen.
func (t Task) HeldElsewhere(tree *Tree, inode uint64) (bool, error) {
	process, err := t.process()
	if err != nil {
		return false, err
	}
	l := tree.join(inode, process)
	tree.turn.Lock()
	defer tree.turn.Unlock()
	if !l.over {
		tree.begin(l)
		l.err = tree.carryOut(l)
		l.over = true
	}
	return l.found[inode], l.err
}

func (t *Tree) join(inode uint64, process int) *look {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == nil {
		t.next = &look{sought: map[uint64]int{}, found: map[uint64]bool{}}
	}
	t.next.sought[inode] = process
	return t.next
}

// begin lets nobody join any more.
func (t *Tree) begin(l *look) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next == l {
		t.next = nil
	}
}

func (t *Tree) carryOut(l *look) error {
	if err := t.list(); err != nil {
		return err
	}
	for _, p := range t.processes {
		if err := l.at(p); err != nil && !os.IsNotExist(err) && !isGone(err) {
			return err
		}
	}
	return nil
}

// at looks at one process.
func (l *look) at(p Task) error {
	if l.alone(p) {
		return nil
	}
	dir, err := openProcDir(p.proc("fd"))
	if err != nil {
		return err
	}
	defer dir.close()
	return dir.links(func(_ int, target []byte) error {
		inode, ok := socketInode(target)
		if owner, sought := l.sought[inode]; ok && sought && owner != int(p) {
			l.found[inode] = true
		}
		return nil
	})
}

// alone says whether all that is sought may be where the process has it.
func (l *look) alone(p Task) bool {
	for _, owner := range l.sought {
		if owner != int(p) {
			return false
		}
	}
	return true
}

func isGone(err error) bool {
	e, _ := ErrnoOf(err)
	return e == ESRCH || e == ENOENT || e == EACCES // the last of a process that is ending
}

// list finds the processes, unless none can have come since they were listed.
func (t *Tree) list() error {
	t.room = slices.Grow(t.room[:0], 4096)
	newest, err := newestProcess(t.room)
	if err != nil {
		return err
	}
	now := time.Now()
	if newest != t.newest {
		t.newest, t.since = newest, now
	} else if t.at.Sub(t.since) > settleTime && now.Sub(t.at) < processesTime {
		return nil
	}
	t.processes, t.at = descendants(Task(os.Getpid()), t.processes[:0], t.room), now
	return nil
}

// newestProcess is the number that the kernel has given to a process or thread last: the last field of /proc/loadavg
// (proc(5)).
func newestProcess(room []byte) (string, error) {
	b, err := readProcAt(unix.AT_FDCWD, "/proc/loadavg", room)
	b = bytes.TrimSpace(b)
	return string(b[bytes.LastIndexByte(b, ' ')+1:]), err
}

// descendants lists the processes below one, from /proc/PID/task/TID/children (proc(5)). What it reads goes into room.
func descendants(of Task, list []Task, room []byte) []Task {
	dir, err := openProcDir(of.proc("task"))
	if err != nil {
		return list // it has ended
	}
	first := len(list)
	_ = dir.entries(func(tid []byte) error {
		b, _ := readProcAt(int(dir), strconv.Itoa(decimal(tid))+"/children", room) // none of a thread that has ended
		for field := range bytes.FieldsSeq(b) {
			list = append(list, Task(decimal(field)))
		}
		return nil
	})
	dir.close()
	for _, child := range slices.Clone(list[first:]) {
		list = descendants(child, list, room)
	}
	return list
}
