package config

import (
	"os"
	"strings"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Stamp tells two states of the files of a policy apart without reading them: which there are, and when they were changed.
func Stamp(o Options) string {
	files, _ := dropIns(o.Dirs)
	var b strings.Builder
	for _, path := range append([]string{o.File, o.SystemCryptoPolicies}, files...) {
		b.WriteString(path)
		// A link counts by what it leads to.
		if info, err := os.Stat(path); err == nil {
			b.WriteString(" " + linux.FileStamp(info))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
