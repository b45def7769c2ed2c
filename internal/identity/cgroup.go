package identity

import (
	"strings"
)

// Cgroup finds the system's unit and the container in the text of /proc/PID/cgroup (cgroups(7)).
//
// Only the first component below the slices counts: what is below a unit or a container is made by whoever runs in it,
// under any name. So a container of an ordinary user is a part of the unit user@UID.service.
func Cgroup(text string) (unit, container string) {
	for _, c := range components(cgroupPath(text)) {
		if strings.HasSuffix(c, ".slice") {
			continue
		}
		if c == "docker" || c == "kubepods" || c == "lxc" || c == "libpod_parent" || strings.HasPrefix(c, "pod") || c == "burstable" || c == "besteffort" {
			continue // the folders of managers that do not use systemd
		}
		return place(c)
	}
	return "", ""
}

// cgroupPath is the path in the unified hierarchy or in systemd's own of version 1.
func cgroupPath(text string) string {
	named := ""
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(fields) != 3 {
			continue
		}
		if fields[1] == "name=systemd" {
			named = fields[2]
		}
		if fields[0] == "0" && fields[1] == "" && fields[2] != "/" {
			return fields[2]
		}
	}
	return named
}

func components(path string) []string {
	var list []string
	for c := range strings.SplitSeq(path, "/") {
		if c != "" {
			list = append(list, strings.TrimPrefix(c, "_")) // systemd's escape for names the kernel uses
		}
	}
	return list
}

// place says what a component stands for.
func place(c string) (unit, container string) {
	for _, p := range []string{"docker-", "cri-containerd-", "crio-", "libpod-", "machine-", "lxc.payload."} {
		rest, ok := strings.CutPrefix(c, p)
		rest = strings.TrimSuffix(rest, ".scope")
		if ok && rest != "" {
			return "", unescape(rest)
		}
	}
	for _, suffix := range []string{".service", ".scope", ".socket", ".mount", ".swap"} {
		if strings.HasSuffix(c, suffix) {
			return c, ""
		}
	}
	return "", c
}

// unescape undoes systemd's \xNN in unit names (systemd.unit(5)).
func unescape(name string) string {
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if high, low, ok := escaped(name[i:]); ok {
			b.WriteByte(high<<4 | low)
			i += 3
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

func escaped(s string) (high, low byte, ok bool) {
	if len(s) < 4 || s[0] != '\\' || s[1] != 'x' {
		return 0, 0, false
	}
	high, hok := hexDigit(s[2])
	low, lok := hexDigit(s[3])
	return high, low, hok && lok
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	}
	return 0, false
}
