package revocation

import (
	"fmt"
	"time"
)

// state is what is known about a certificate.
type state int

// The states, the one that counts most last.
const (
	// nothing: no source says anything.
	nothing state = iota
	// failed: a source should have said something, and could not be asked or not be believed.
	failed
	// good: a source that is fresh says that it is not revoked.
	good
	// revoked: a source says so.
	revoked
)

// finding is what one source says about a certificate.
type finding struct {
	state state
	text  string
}

func failedf(format string, args ...any) finding {
	return finding{failed, fmt.Sprintf(format, args...)}
}

// over is the finding that counts more; of equals the first.
func (f finding) over(o finding) finding {
	if o.state > f.state {
		return o
	}
	return f
}

// reasons are the names of CRLReason (RFC 5280, section 5.3.1).
func reason(code int) string {
	names := map[int]string{
		1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded", 5: "cessationOfOperation",
		hold: "certificateHold", 9: "privilegeWithdrawn", 10: "aACompromise",
	}
	if name := names[code]; name != "" {
		return name
	}
	return "no reason given"
}

// hold is the reason that may end again.
const hold = 6

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }
