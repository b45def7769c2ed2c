package coerce

import (
	"debug/elf"
	"fmt"
	"strings"
)

// A Class is what becomes of a function of a TLS library.
type Class string

// The classes.
const (
	// Served is answered from the TLS socket.
	Served Class = "served"
	// Kept is the library's own, on the program's own objects; what it sets is carried over.
	Kept Class = "kept"
	// Ineffective is the library's own and means nothing for a connection.
	Ineffective Class = "without effect"
	// Refused fails the connection that needs it.
	Refused Class = "refused"
)

// A Shim is a library that takes the place of a TLS library's functions, as far as its file says.
type Shim struct {
	// library is the beginning of the name of the one it is for, such as libssl.so.
	library string
	classes map[string]Class
}

// The sections in which the library lists names, each with its NUL (refused_functions.c below preload).
const (
	refusedSection     = "ssa_refused"
	ineffectiveSection = "ssa_ineffective"
)

// ReadShim reads the file of the shim for a library.
func ReadShim(path, library string) (*Shim, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	defer func() { _ = f.Close() }()
	s := &Shim{library: library, classes: map[string]Class{}}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return nil, fmt.Errorf("read the symbols of %s: %w", path, err)
	}
	for _, sym := range symbols {
		if sym.Section != elf.SHN_UNDEF {
			s.classes[sym.Name] = Served
		}
	}
	for section, class := range map[string]Class{refusedSection: Refused, ineffectiveSection: Ineffective} {
		names, err := listed(f, section)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		for _, name := range names {
			s.classes[name] = class
		}
	}
	return s, nil
}

func listed(f *elf.File, section string) ([]string, error) {
	s := f.Section(section)
	if s == nil {
		return nil, fmt.Errorf("there is no section %s: it is not a library of this version", section)
	}
	data, err := s.Data()
	if err != nil {
		return nil, err
	}
	return strings.FieldsFunc(string(data), func(c rune) bool { return c == 0 }), nil
}

// Class says what becomes of a function.
func (s *Shim) Class(function string) Class {
	if c, ok := s.classes[function]; ok {
		return c
	}
	return Kept
}
