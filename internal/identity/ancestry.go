package identity

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Stat is what identity needs of /proc/PID/stat (proc_pid_stat(5)).
type Stat struct {
	Parent int
	// Start is when the process started, in clock ticks since boot: with its number it names one process.
	Start uint64
}

// ReadStat reads /proc/PID/stat.
func ReadStat(pid int) (Stat, error) {
	b, err := os.ReadFile(proc(pid, "stat"))
	if err != nil {
		return Stat{}, err
	}
	return ParseStat(string(b))
}

// ParseStat decodes the text of /proc/PID/stat. The name, which the process chooses, ends with the last parenthesis.
func ParseStat(text string) (Stat, error) {
	end := strings.LastIndex(text, ") ")
	if end < 0 {
		return Stat{}, errors.New("decode a process's stat: no name")
	}
	fields := strings.Fields(text[end+2:])
	// Fields are counted from 1 and those behind the name begin with 3.
	const parent, start = 4 - 3, 22 - 3
	if len(fields) <= start {
		return Stat{}, fmt.Errorf("decode a process's stat: %d fields", len(fields))
	}
	p, err := strconv.Atoi(fields[parent])
	if err != nil {
		return Stat{}, fmt.Errorf("decode a process's parent: %w", err)
	}
	s, err := strconv.ParseUint(fields[start], 10, 64)
	if err != nil {
		return Stat{}, fmt.Errorf("decode a process's start: %w", err)
	}
	return Stat{Parent: p, Start: s}, nil
}

// depthMax bounds how many ancestors are looked at.
const depthMax = 4096

// Descends says whether a process is another one or below it.
func Descends(pid, ancestor int) (bool, error) {
	for range depthMax {
		if pid == ancestor {
			return true, nil
		}
		if pid <= 1 {
			return false, nil
		}
		s, err := ReadStat(pid)
		if err != nil {
			return false, fmt.Errorf("read the ancestors of a process: %w", err)
		}
		pid = s.Parent
	}
	return false, nil
}
