package linux

import (
	"io/fs"
	"syscall"
)

// Owner is the user a file belongs to (stat(2), st_uid); -1 when the file does not come from a stat of this system.
func Owner(info fs.FileInfo) int {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}
