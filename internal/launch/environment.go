package launch

import (
	"os"
	"slices"
	"strconv"
	"strings"
)

// Variables that steer Go's runtime and its TLS are meant for the program. Our own processes, which are Go
// programs as well, pass them on under another name.
const saved = "SSA_SAVED_"

func runtimeVariables() []string {
	return []string{"GODEBUG", "GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOTRACEBACK", "GORACE"}
}

// hidden is an environment in which these variables have no effect.
func hidden(env []string) []string {
	out := slices.Clone(env)
	for i, e := range out {
		if name, _, ok := strings.Cut(e, "="); ok && slices.Contains(runtimeVariables(), name) {
			out[i] = saved + e
		}
	}
	return out
}

// environment is that of the program: the variables have their names again. A service manager's word about which process
// its descriptors are for, and which is to give signs of life, was for the front and becomes this process
// (sd_listen_fds(3), sd_watchdog_enabled(3)).
func environment(env []string, front int) []string {
	out := slices.Clone(env)
	for i, e := range out {
		out[i] = strings.TrimPrefix(e, saved)
		for _, name := range []string{"LISTEN_PID=", "WATCHDOG_PID="} {
			if e == name+strconv.Itoa(front) {
				out[i] = name + strconv.Itoa(os.Getpid())
			}
		}
	}
	return out
}
