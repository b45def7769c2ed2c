package linux

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Go's runtime puts handlers of its own in place before any code of ours runs, and unblocks signals; execve(2)
// turns the former into the default. What the signals were before is kept in variables of the runtime, which have
// no other way to be read: a word for the action of each signal, and the mask.
const (
	formerActions = "runtime.fwdSig"
	formerMask    = "runtime.initSigmask"
	signalCount   = 65
	ignore        = 1 // SIG_IGN
)

// InheritedSignals is what this process was started with. A stripped program knows only part of it.
type InheritedSignals struct {
	// Ignored are those in state SIG_IGN.
	Ignored []Signal
	// Blocked is the mask, signal n at bit n-1.
	Blocked uint64
}

// SignalsAtStart finds out what this process was started with. It is to be asked before signals are handled in
// any way.
func SignalsAtStart() (InheritedSignals, error) {
	now, err := ReadStatus(os.Getpid())
	if err != nil {
		return InheritedSignals{}, err
	}
	exe, err := elf.Open("/proc/self/exe")
	if err != nil {
		return InheritedSignals{}, err
	}
	defer func() { _ = exe.Close() }()
	actions, mask := make([]byte, signalCount*8), binary.NativeEndian.AppendUint64(nil, now.SigBlk)
	if exe.Section(".symtab") != nil {
		err = errors.Join(variable(exe, formerActions, actions), variable(exe, formerMask, mask))
	}
	in := InheritedSignals{Blocked: binary.NativeEndian.Uint64(mask)}
	for n := 1; n < signalCount; n++ {
		// Those the runtime leaves alone are not in its table.
		if binary.NativeEndian.Uint64(actions[8*n:]) == ignore || now.SigIgn&(1<<(n-1)) != 0 {
			in.Ignored = append(in.Ignored, Signal(n))
		}
	}
	return in, err
}

// variable reads a variable of this program into all of b.
func variable(f *elf.File, name string, b []byte) error {
	address, err := symbol(f, name, uint64(len(b)))
	if err != nil {
		return err
	}
	if err := ReadMemory(os.Getpid(), address, b); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
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
