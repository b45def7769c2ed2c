package policy

import (
	"maps"
	"slices"
	"strings"
)

// index finds the entries that may match a program without looking at all of them: each is filed under the first
// criterion it has, by the text before the first wildcard.
type index struct {
	// literal has the entries whose pattern has no wildcard, prefix those by what comes before it.
	literal, prefix [ByUser]map[string][]*entry
	// lengths are the lengths of the keys of prefix, ascending.
	lengths [ByUser][]int
	users   map[int][]*entry
}

func newIndex(all []*entry) *index {
	x := &index{users: map[int][]*entry{}}
	for _, e := range all {
		x.file(e)
	}
	for c := range x.prefix {
		seen := map[int]struct{}{}
		for key := range x.prefix[c] {
			seen[len(key)] = struct{}{}
		}
		x.lengths[c] = slices.Sorted(maps.Keys(seen))
	}
	return x
}

func (x *index) file(e *entry) {
	for c, g := range e.globs {
		if g == nil {
			continue
		}
		shelf := &x.prefix[c]
		if g.literal() {
			shelf = &x.literal[c]
		}
		if *shelf == nil {
			*shelf = map[string][]*entry{}
		}
		(*shelf)[g.prefix] = append((*shelf)[g.prefix], e)
		return
	}
	x.users[e.user.UID] = append(x.users[e.user.UID], e)
}

// candidates calls fn for the entries that may match.
func (x *index) candidates(s *Subject, fn func(*entry)) {
	for c := range x.literal {
		name := s.text(Criterion(c))
		for _, e := range x.literal[c][name] {
			fn(e)
		}
		for _, n := range x.lengths[c] {
			if n > len(name) {
				break
			}
			for _, e := range x.prefix[c][name[:n]] {
				fn(e)
			}
		}
	}
	for _, e := range x.users[s.UID] {
		fn(e)
	}
}

// A Trial is one profile that was considered for a program.
type Trial struct {
	Profile *Profile
	entry   *entry
	// missed is the criterion that did not match, criteria when all did.
	missed Criterion
	chosen bool
}

// Matched says whether the profile is for the program, Chosen whether it is the most specific of those.
func (t Trial) Matched() bool { return t.missed == criteria }

// Chosen says whether the profile is the one in force.
func (t Trial) Chosen() bool { return t.chosen }

// Explain says why the profile did or did not match.
func (t Trial) Explain(s Subject) string {
	if !t.Matched() {
		return "does not match: " + t.missed.String() + " is " + orNone(s.text(t.missed)) + ", not " + t.entry.wanted(t.missed)
	}
	var by []string
	for c := ByExe; c < criteria; c++ {
		if t.entry.rank[c] > 0 {
			by = append(by, c.String()+" "+t.entry.wanted(c))
		}
	}
	text := "matches " + strings.Join(by, ", ")
	if t.Profile.Match.Advisory() {
		text += " (script is advisory: a program can claim any)"
	}
	if !t.chosen {
		text += ", but another is more specific"
	}
	return text
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// choose tries the candidates and gives the most specific entry that matches, nil when none does.
func (x *index) choose(s *Subject) (*entry, []Trial) {
	var best *entry
	var tried []Trial
	x.candidates(s, func(e *entry) {
		missed := e.misses(s)
		tried = note(tried, Trial{Profile: e.profile, entry: e, missed: missed})
		if missed == criteria && (best == nil || e.above(best)) {
			best = e
		}
	})
	for i := range tried {
		tried[i].chosen = best != nil && tried[i].Profile == best.profile
	}
	return best, tried
}

// note adds a trial. Of several combinations of one profile, one that matches stands for it.
func note(tried []Trial, t Trial) []Trial {
	for i := range tried {
		if tried[i].Profile != t.Profile {
			continue
		}
		if t.Matched() && (!tried[i].Matched() || t.entry.above(tried[i].entry)) {
			tried[i] = t
		}
		return tried
	}
	return append(tried, t)
}
