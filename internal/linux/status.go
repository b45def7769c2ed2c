package linux

import (
	"bytes"
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"
)

// Status is what /proc/TID/status says of a task (proc(5)).
type Status struct {
	Tgid    int
	Threads int
	// State is one letter, "T" for a stopped task.
	State string
	// UID is the effective user; FSUID and FSGID are the identities the kernel checks file access with.
	UID, FSUID, FSGID int
	Groups            []int
	// CapEff is the effective capability set.
	CapEff uint64
	// Signals as bit sets, signal n at bit n-1: pending for the thread, pending for the process, blocked and
	// ignored.
	SigPnd, ShdPnd, SigBlk, SigIgn uint64
}

// ReadStatus reads /proc/TID/status.
func ReadStatus(tid int) (Status, error) {
	var room [4096]byte // what it has in general
	b, err := readProcAt(unix.AT_FDCWD, "/proc/"+strconv.Itoa(tid)+"/status", room[:0])
	if err != nil {
		return Status{}, err
	}
	return ParseStatus(b)
}

// ParseStatus decodes the text of /proc/TID/status. Lines it does not know are passed over.
func ParseStatus(b []byte) (Status, error) {
	var s Status
	for len(b) > 0 {
		line := b
		if end := bytes.IndexByte(b, '\n'); end >= 0 {
			line, b = b[:end], b[end+1:]
		} else {
			b = nil
		}
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			continue
		}
		if err := s.field(string(key), bytes.TrimSpace(value)); err != nil {
			return s, fmt.Errorf("decode %s of a task's status: %w", key, err)
		}
	}
	return s, nil
}

func (s *Status) field(key string, value []byte) (err error) {
	switch key {
	case "State":
		s.State = string(value[:min(1, len(value))])
	case "Tgid":
		s.Tgid, err = number(value, 0)
	case "Threads":
		s.Threads, err = number(value, 0)
	case "Uid":
		if s.UID, err = number(value, 1); err == nil {
			s.FSUID, err = number(value, 3)
		}
	case "Gid":
		s.FSGID, err = number(value, 3)
	case "Groups":
		s.Groups, err = numbers(value)
	case "CapEff":
		s.CapEff, err = strconv.ParseUint(string(value), 16, 64)
	case "SigPnd":
		s.SigPnd, err = strconv.ParseUint(string(value), 16, 64)
	case "ShdPnd":
		s.ShdPnd, err = strconv.ParseUint(string(value), 16, 64)
	case "SigBlk":
		s.SigBlk, err = strconv.ParseUint(string(value), 16, 64)
	case "SigIgn":
		s.SigIgn, err = strconv.ParseUint(string(value), 16, 64)
	}
	return err
}

func number(value []byte, i int) (int, error) {
	list, err := numbers(value)
	if err == nil && i >= len(list) {
		err = fmt.Errorf("%d values, want at least %d", len(list), i+1)
	}
	if err != nil {
		return 0, err
	}
	return list[i], nil
}

func numbers(value []byte) ([]int, error) {
	var list []int
	for f := range bytes.FieldsSeq(value) {
		n, err := strconv.Atoi(string(f))
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}
