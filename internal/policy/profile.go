package policy

import (
	"strconv"
)

// A Mode is whether a profile is in force or only tried out.
type Mode uint8

// The modes.
const (
	// Enforce refuses what the profile does not allow.
	Enforce Mode = iota
	// Complain logs what Enforce would refuse.
	Complain
)

// String is the mode's word in the files.
func (m Mode) String() string {
	if m == Complain {
		return "complain"
	}
	return "enforce"
}

// A Profile is what holds for some applications instead of the global settings.
type Profile struct {
	Name   string
	Source Source
	Mode   Mode
	// ModeSource is where the mode comes from; the zero Source when it is the default.
	ModeSource Source
	Match      Match
	Layer      Layer
	Sections   []Section
}

// Match says to which programs a profile applies: to those that have one of the values of every criterion that is
// not empty. At least one is not.
type Match struct {
	Source Source
	// Exe are paths of executables and Script those of interpreted scripts. What a script is comes from the command
	// line, which the program can write: it is advice.
	Exe, Script []Glob
	// Unit are systemd units, Container are identifiers of containers.
	Unit, Container []Glob
	Users           []User
}

// A User is one by name and number. A negative number is nobody's.
type User struct {
	Name string
	UID  int
}

// empty says whether the match has no criterion, which would be one for every program.
func (m *Match) empty() bool {
	return len(m.Exe)+len(m.Script)+len(m.Unit)+len(m.Container)+len(m.Users) == 0
}

// Advisory says whether the match relies on what a program says of itself.
func (m *Match) Advisory() bool { return len(m.Script) > 0 }

// A Criterion is one of those by which a profile is matched, most specific first.
type Criterion uint8

// The criteria.
const (
	ByExe Criterion = iota
	ByScript
	ByUnit
	ByContainer
	ByUser
	criteria
)

// String is the criterion's name in the files.
func (c Criterion) String() string {
	return [...]string{"exe", "script", "unit", "container", "user", "nothing"}[min(c, criteria)]
}

// A Subject is who asks for TLS, as the kernel knows it.
type Subject struct {
	// Exe is the path of the executable, Script that of the script it interprets, as it says.
	Exe, Script string
	// Unit is the systemd unit, Container the container; empty when there is none.
	Unit, Container string
	UID             int
}

// text is the subject's value of a criterion.
func (s Subject) text(c Criterion) string {
	if c == ByUser {
		return strconv.Itoa(s.UID)
	}
	return [...]string{s.Exe, s.Script, s.Unit, s.Container}[c]
}

// entry is one combination of a match's values.
type entry struct {
	profile *Profile
	// globs are those of the first four criteria; nil where there is none.
	globs [ByUser]*Glob
	user  *User
	rank  [criteria]int
}

// entriesMax bounds the combinations of one match.
const entriesMax = 4096

// combinations is how many entries the match makes.
func (m *Match) combinations() int {
	n := 1
	for _, length := range []int{len(m.Exe), len(m.Script), len(m.Unit), len(m.Container), len(m.Users)} {
		n *= max(length, 1)
	}
	return n
}

// entries are all combinations of the values of a profile's match; none when there are too many or no values.
func (p *Profile) entries() []*entry {
	if n := p.Match.combinations(); n > entriesMax || p.Match.empty() {
		return nil
	}
	all := []*entry{{profile: p}}
	for c, list := range [ByUser][]Glob{p.Match.Exe, p.Match.Script, p.Match.Unit, p.Match.Container} {
		all = combine(all, len(list), func(e *entry, i int) {
			e.globs[c], e.rank[c] = &list[i], list[i].rank()
		})
	}
	return combine(all, len(p.Match.Users), func(e *entry, i int) {
		e.user, e.rank[ByUser] = &p.Match.Users[i], 1
	})
}

// combine makes n of each entry, where n is not 0.
func combine(all []*entry, n int, set func(*entry, int)) []*entry {
	if n == 0 {
		return all
	}
	out := make([]*entry, 0, len(all)*n)
	for _, e := range all {
		for i := range n {
			one := *e
			set(&one, i)
			out = append(out, &one)
		}
	}
	return out
}

// misses is the first criterion by which the entry does not match, criteria when it does.
func (e *entry) misses(s *Subject) Criterion {
	for c, g := range e.globs {
		if g != nil && !g.Match(s.text(Criterion(c))) {
			return Criterion(c)
		}
	}
	if e.user != nil && e.user.UID != s.UID {
		return ByUser
	}
	return criteria
}

// wanted is the entry's value of a criterion, as the files have it.
func (e *entry) wanted(c Criterion) string {
	if c == ByUser {
		return e.user.Name
	}
	return e.globs[c].String()
}

// above says whether the entry is more specific than another.
func (e *entry) above(o *entry) bool {
	for c := range e.rank {
		if e.rank[c] != o.rank[c] {
			return e.rank[c] > o.rank[c]
		}
	}
	return false
}

// ties says whether some program is of both entries and neither is more specific.
func (e *entry) ties(o *entry) bool {
	if e.rank != o.rank || e.user != nil && (e.user.UID != o.user.UID || e.user.UID < 0) {
		return false
	}
	for c, g := range e.globs {
		if g != nil && !g.overlaps(*o.globs[c]) {
			return false
		}
	}
	return true
}
