package linux_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

const sample = `Name:	a: b
Umask:	0022
State:	T (stopped)
Tgid:	41
Pid:	42
Uid:	1000	1001	1002	1003
Gid:	100	101	102	103
Groups:	4 24 27
Threads:	3
SigPnd:	0000000000000001
ShdPnd:	8000000000000000
SigBlk:	fffffffe7ffbfeff
CapEff:	000001ffffffffff
`

func TestParseStatus(t *testing.T) {
	got, err := linux.ParseStatus([]byte(sample))
	want := linux.Status{
		Tgid: 41, Threads: 3, State: "T", UID: 1001, FSUID: 1003, FSGID: 103, Groups: []int{4, 24, 27},
		CapEff: 0x1ffffffffff, SigPnd: 1, ShdPnd: 1 << 63, SigBlk: 0xfffffffe7ffbfeff,
	}
	if err != nil || !same(got, want) {
		t.Errorf("ParseStatus: %v (-want +got):\n-%+v\n+%+v", err, want, got)
	}
}

func same(a, b linux.Status) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

func TestParseStatusRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"bad Tgid":               "Tgid:\tx\n",
		"bad Tgid without value": "Tgid:\n",
		"bad Uid of two":         "Uid:\t1\t2\n",
		"bad Groups":             "Groups:\t1 x\n",
		"bad CapEff":             "CapEff:\tzz\n",
		"bad SigPnd":             "SigPnd:\t-1\n",
		"bad SigBlk too long":    "SigBlk:\t1ffffffffffffffff\n",
	} {
		if got, err := linux.ParseStatus([]byte(text)); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestReadStatus(t *testing.T) {
	s, err := linux.ReadStatus(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if s.Tgid != os.Getpid() || s.UID != os.Geteuid() || s.FSUID != os.Geteuid() || s.FSGID != os.Getegid() || s.Threads < 1 {
		t.Errorf("ReadStatus of this process: %+v", s)
	}
	groups, err := os.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(groups)
	if ours := slices.Sorted(slices.Values(s.Groups)); !slices.Equal(ours, groups) {
		t.Errorf("groups (-want +got):\n-%v\n+%v", groups, ours)
	}
	if _, err := linux.ReadStatus(1 << 22); err == nil {
		t.Error("ReadStatus of no process: got no error")
	}
}

// FuzzParseStatus states that what was understood can be written and read again, and that nothing panics.
func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("Groups:\nUid:1 2 3 4"))
	f.Add([]byte(":::\n\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := linux.ParseStatus(b)
		if err != nil {
			return
		}
		again, err := linux.ParseStatus(format(s))
		if err != nil || !same(again, s) {
			t.Errorf("read again: %v (-want +got):\n-%+v\n+%+v", err, s, again)
		}
	})
}

// format writes a status as proc(5) has it.
func format(s linux.Status) []byte {
	var b bytes.Buffer
	groups := strings.Trim(fmt.Sprint(s.Groups), "[]")
	fmt.Fprintf(&b, "State:\t%s\nTgid:\t%d\nThreads:\t%d\nUid:\t0\t%d\t0\t%d\nGid:\t0\t0\t0\t%d\nGroups:\t%s\n",
		s.State, s.Tgid, s.Threads, s.UID, s.FSUID, s.FSGID, groups)
	fmt.Fprintf(&b, "CapEff:\t%016x\nSigPnd:\t%x\nShdPnd:\t%x\nSigBlk:\t%x\n", s.CapEff, s.SigPnd, s.ShdPnd, s.SigBlk)
	return b.Bytes()
}
