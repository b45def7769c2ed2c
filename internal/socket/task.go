package socket

import (
	"os"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Task is the thread of the program that makes a call.
type Task interface {
	// Inode is the number of the socket behind one of its descriptors; false when it is none.
	Inode(fd int) (uint64, bool)
	// Descriptor duplicates one of its descriptors.
	Descriptor(fd int) (linux.FD, error)
	// Identity is its rights and its network namespace as they are now.
	Identity() (*linux.Identity, error)
	// Open opens a file for reading with its rights, root and working directory.
	Open(path string) (*os.File, error)
}

// as runs fn with the rights and in the network namespace of a task.
func as(task Task, fn func() error) error {
	id, err := task.Identity()
	if err != nil {
		return err
	}
	defer id.Close()
	return id.As(fn)
}
