package linux

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Go's runtime puts handlers of its own in place before any code of ours runs, and execve(2) turns those into
// the default. What the signals were before is kept in a table of the runtime, one word for each signal, which
// has no other way to be read.
const (
	formerActions = "runtime.fwdSig"
	signalCount   = 65
	ignore        = 1 // SIG_IGN
)

// Ignored lists the signals this process was started with in state SIG_IGN. It is to be asked before signals
// are handled in any way.
func Ignored() ([]Signal, error) {
	exe, err := elf.Open("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	defer func() { _ = exe.Close() }()
	former := make([]byte, signalCount*8)
	if exe.Section(".symtab") != nil { // a stripped program cannot know
		address, err := symbol(exe, formerActions, signalCount*8)
		if err != nil {
			return nil, err
		}
		if err := ReadMemory(os.Getpid(), address, former); err != nil {
			return nil, fmt.Errorf("read %s: %w", formerActions, err)
		}
	}
	// Those the runtime leaves alone are not in its table.
	now, err := ignoredNow()
	if err != nil {
		return nil, err
	}
	var list []Signal
	for n := 1; n < signalCount; n++ {
		if binary.NativeEndian.Uint64(former[8*n:]) == ignore || now&(1<<(n-1)) != 0 {
			list = append(list, Signal(n))
		}
	}
	return list, nil
}

// symbol finds the address of a variable by its name and size.
func symbol(f *elf.File, name string, size uint64) (uint64, error) {
	table, names := f.Section(".symtab"), f.Section(".strtab")
	if table == nil || names == nil {
		return 0, errors.New("this program has no symbol table")
	}
	entries, err := table.Data()
	if err != nil {
		return 0, err
	}
	text, err := names.Data()
	if err != nil {
		return 0, err
	}
	for ; len(entries) >= elf.Sym64Size; entries = entries[elf.Sym64Size:] {
		at, length := binary.NativeEndian.Uint32(entries), binary.NativeEndian.Uint64(entries[16:])
		if length == size && int(at)+len(name) < len(text) && string(text[at:int(at)+len(name)+1]) == name+"\x00" {
			return binary.NativeEndian.Uint64(entries[8:]), nil
		}
	}
	return 0, fmt.Errorf("this program has no symbol %s", name)
}

func ignoredNow() (uint64, error) {
	s, err := ReadStatus(os.Getpid())
	return s.SigIgn, err
}
