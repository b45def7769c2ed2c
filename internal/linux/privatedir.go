package linux

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// PrivateDir checks that a path is a directory of this user which nobody else can enter, and no symbolic link.
func PrivateDir(path string) error {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return &os.PathError{Op: "lstat", Path: path, Err: err}
	}
	const others = 0o077
	if st.Mode&unix.S_IFMT != unix.S_IFDIR || int(st.Uid) != os.Geteuid() || st.Mode&others != 0 {
		return fmt.Errorf("%s is not a directory that only uid %d can enter", path, os.Geteuid())
	}
	return nil
}
