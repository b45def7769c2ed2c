package linux

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
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
	actions, mask := make([]byte, signalCount*8), binary.NativeEndian.AppendUint64(nil, now.SigBlk)
	err = readVariables("/proc/self/exe", variable{formerActions, actions}, variable{formerMask, mask})
	in := InheritedSignals{Blocked: binary.NativeEndian.Uint64(mask)}
	for n := 1; n < signalCount; n++ {
		// Those the runtime leaves alone are not in its table.
		if binary.NativeEndian.Uint64(actions[8*n:]) == ignore || now.SigIgn&(1<<(n-1)) != 0 {
			in.Ignored = append(in.Ignored, Signal(n))
		}
	}
	return in, err
}

// variable is one of this program, to be read into all of value.
type variable struct {
	name  string
	value []byte
}

// readVariables reads variables, none from a program without symbols. Of the megabyte of symbols most is never touched.
func readVariables(path string, wanted ...variable) error {
	exe, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = exe.Close() }()
	table, names := exe.Section(".symtab"), exe.Section(".strtab")
	if table == nil || names == nil {
		return nil
	}
	file, err := mapFile(path)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Munmap(file) }()
	if names.Offset+names.Size > uint64(len(file)) || table.Offset+table.Size > uint64(len(file)) {
		return errors.New("the symbols of this program are not in its file")
	}
	for _, v := range wanted {
		address, err := v.symbol(file[table.Offset:][:table.Size], file[names.Offset:][:names.Size])
		if err != nil {
			return err
		}
		if err := ReadMemory(os.Getpid(), address, v.value); err != nil {
			return fmt.Errorf("read %s: %w", v.name, err)
		}
	}
	return nil
}

func mapFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("mmap %s: %w", path, err)
	}
	return b, nil
}

// symbol finds the address of a variable by its name and size in a symbol table.
func (v variable) symbol(entries, names []byte) (uint64, error) {
	for ; len(entries) >= elf.Sym64Size; entries = entries[elf.Sym64Size:] {
		if binary.NativeEndian.Uint64(entries[16:]) != uint64(len(v.value)) {
			continue
		}
		at := int(binary.NativeEndian.Uint32(entries))
		if at+len(v.name) < len(names) && string(names[at:at+len(v.name)+1]) == v.name+"\x00" {
			return binary.NativeEndian.Uint64(entries[8:]), nil
		}
	}
	return 0, fmt.Errorf("this program has no symbol %s", v.name)
}
