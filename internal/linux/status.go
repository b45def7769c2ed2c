package linux

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Status is what /proc/TID/status says of a task (proc(5)).
type Status struct {
	Tgid    int
	Threads int
	// State is one letter, "T" for a stopped task.
	State string
	// FSUID and FSGID are the identities the kernel checks file access with.
	UID, FSUID, FSGID int
	Groups            []int
	// CapEff is the effective capability set.
	CapEff uint64
	// Signals as bit sets, signal n at bit n-1: pending for the thread, pending for the process, blocked,
	// ignored and caught.
	SigPnd, ShdPnd, SigBlk, SigIgn, SigCgt uint64
}

// ReadStatus reads /proc/TID/status.
func ReadStatus(tid int) (Status, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(tid) + "/status")
	if err != nil {
		return Status{}, err
	}
	return ParseStatus(b)
}

// ParseStatus decodes the text of /proc/TID/status. Lines it does not know are passed over.
func ParseStatus(b []byte) (Status, error) {
	var s Status
	hex := map[string]*uint64{
		"CapEff": &s.CapEff, "SigPnd": &s.SigPnd, "ShdPnd": &s.ShdPnd,
		"SigBlk": &s.SigBlk, "SigIgn": &s.SigIgn, "SigCgt": &s.SigCgt,
	}
	for line := range bytes.Lines(b) {
		key, value, ok := strings.Cut(string(line), ":")
		if !ok {
			continue
		}
		var err error
		if p := hex[key]; p != nil {
			*p, err = strconv.ParseUint(strings.TrimSpace(value), 16, 64)
		} else {
			err = s.field(key, strings.Fields(value))
		}
		if err != nil {
			return s, fmt.Errorf("decode %s of a task's status: %w", key, err)
		}
	}
	return s, nil
}

func (s *Status) field(key string, values []string) (err error) {
	switch key {
	case "State":
		s.State = strings.Join(values[:min(1, len(values))], "")
	case "Tgid":
		s.Tgid, err = number(values, 0)
	case "Threads":
		s.Threads, err = number(values, 0)
	case "Uid":
		if s.UID, err = number(values, 1); err == nil {
			s.FSUID, err = number(values, 3)
		}
	case "Gid":
		s.FSGID, err = number(values, 3)
	case "Groups":
		for i := range values {
			g, err := number(values, i)
			if err != nil {
				return err
			}
			s.Groups = append(s.Groups, g)
		}
	}
	return err
}

func number(values []string, i int) (int, error) {
	if i >= len(values) {
		return 0, fmt.Errorf("%d values, want at least %d", len(values), i+1)
	}
	return strconv.Atoi(values[i])
}
