package identity

import (
	"path/filepath"
	"slices"
	"strings"
)

// interpreters are programs that are known by what they run; a version may follow the name.
func interpreters() []string {
	return []string{"python", "pypy", "perl", "ruby", "node", "nodejs", "php", "lua", "tclsh", "bash", "dash", "sh", "zsh", "ksh", "busybox"}
}

// interpreter says whether an executable is one that runs scripts.
func interpreter(exe string) bool {
	name := strings.TrimRight(filepath.Base(exe), "0123456789.-")
	return slices.Contains(interpreters(), name)
}

// Script is the file that an interpreter was told to run, as its command line names it: the first argument that is no
// option. It is empty for other programs, and for one that was given its text (-c, -e) or a module (-m).
func Script(exe string, argv []string) string {
	if !interpreter(exe) || len(argv) == 0 {
		return ""
	}
	for i := 1; i < len(argv); i++ {
		a := argv[i]
		switch {
		case a == "--" && i+1 < len(argv):
			return argv[i+1]
		case takesText(a):
			return ""
		case takesValue(a):
			i++
		case !strings.HasPrefix(a, "-"):
			return a
		}
	}
	return ""
}

func takesText(option string) bool {
	return slices.Contains([]string{"-c", "-e", "-m", "-r", "--eval", "--print", "-p"}, option)
}

// takesValue says whether the next argument belongs to an option: Python's -W and -X, node's --require.
func takesValue(option string) bool {
	return slices.Contains([]string{"-W", "-X", "--require"}, option)
}
