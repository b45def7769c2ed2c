package linux

import (
	"fmt"
	"io/fs"
	"syscall"
)

// FileStamp tells two versions of a file apart: replaced, resized or changed, by inode(7). It does not change when the file
// is read.
func FileStamp(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprintf("%d:%d %d %d %d", st.Dev, st.Ino, st.Size, st.Mtim.Nano(), st.Ctim.Nano())
}
