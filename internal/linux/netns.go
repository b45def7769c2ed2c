package linux

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// Namespace is the name of a task's namespace of a kind such as "net", "user" or "mnt" (namespaces(7)).
func Namespace(tid int, kind string) (string, error) {
	return os.Readlink("/proc/" + strconv.Itoa(tid) + "/ns/" + kind)
}

func openNetns(tid int) (FD, error) {
	fd, err := unix.Open("/proc/"+strconv.Itoa(tid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	return FD(fd), err
}

// Gettid is the number of the calling thread.
func Gettid() int { return unix.Gettid() }
