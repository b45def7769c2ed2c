package resolve

import (
	"errors"
	"fmt"
	"strings"
)

// Classes of failure, for errors.Is. Every error of Lookup is an *Error of exactly one of them.
var (
	// ErrName is a host that is neither an IP address nor a host name that can be looked up. Nobody was asked.
	ErrName = errors.New("bad host name")
	// ErrNotFound is a name that does not exist, or that has no address of the family asked for. Asking again
	// gives the same answer until somebody adds it.
	ErrNotFound = errors.New("host not found")
	// ErrTemporary is a lookup that ended without an answer: servers that are silent, unreachable or failing,
	// a file that cannot be read, or a context that ended. Asking again may help.
	ErrTemporary = errors.New("temporary failure in name resolution")
)

// An Error says what was looked up, why there is no address, and who was asked.
type Error struct {
	// Host is the name as it was given.
	Host string
	// Reason is the rest of the text.
	Reason string
	// Class is ErrName, ErrNotFound or ErrTemporary.
	Class error
	// Cause is the error behind a temporary failure, nil where there is none. It is the context's error when
	// the context ended the lookup.
	Cause error
	// broken is whether no other source may be asked instead.
	broken bool
}

// Error is one line, for example "look up nosuch.example: no such name (asked 127.0.0.53)".
func (e *Error) Error() string { return "look up " + show(e.Host) + ": " + e.Reason }

// Unwrap gives the class and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Class}
	}
	return []error{e.Class, e.Cause}
}

// showMax bounds how much of a foreign string goes into a message, in bytes.
const showMax = 253

// show prints a foreign string: quoted when it holds anything that could mislead a reader.
func show(s string) string {
	if s != "" && len(s) <= showMax && strings.IndexFunc(s, misleads) < 0 {
		return s
	}
	if len(s) > showMax {
		return fmt.Sprintf("%+q...", s[:showMax])
	}
	return fmt.Sprintf("%+q", s)
}

func misleads(r rune) bool { return r <= ' ' || r == '"' || r == '\\' || r > '~' }

// list writes "a", "a and b", "a, b and c".
func list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
