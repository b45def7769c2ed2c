package policy

import (
	"slices"
	"strconv"
	"strings"
)

// A Line is one thing that a policy says.
type Line struct {
	// Where is the section: "global", "profile www", "profile www, destination *.example.com".
	Where string
	// Key is the name of a key, or "mode", "match" or "allow_weaker".
	Key, Value string
	Source     Source
}

// Describe is all that the files of the policy say, section by section. Two policies with the same lines are the same but
// for the places.
func (p *Policy) Describe() []Line {
	lines := p.global.describe("global")
	for _, profile := range p.profiles {
		where := "profile " + profile.Name
		lines = append(lines,
			Line{where, "match", profile.Match.String(), profile.Match.Source},
			Line{where, "mode", profile.Mode.String(), profile.ModeSource})
		lines = append(lines, profile.Layer.describe(where)...)
		for i := range profile.Sections {
			s := &profile.Sections[i]
			here := where + ", destination " + s.String()
			lines = append(lines, Line{here, "destination", s.String(), s.Source})
			lines = append(lines, s.Layer.describe(here)...)
		}
	}
	return lines
}

func (l *Layer) describe(where string) (lines []Line) {
	var seen []*Exception
	l.Set.each(func(k Key) {
		lines = append(lines, Line{where, k.String(), l.Settings.Show(k), l.Settings.Sources.At(k)})
		if e := l.Excuses[k]; e != nil && !slices.Contains(seen, e) {
			seen = append(seen, e)
			lines = append(lines, Line{where, "allow_weaker", "until " + e.Expires() + ": " + e.Reason, e.Source})
		}
	})
	return lines
}

// String is the criteria with their values.
func (m *Match) String() string {
	var parts []string
	for c, list := range [ByUser][]Glob{m.Exe, m.Script, m.Unit, m.Container} {
		var values []string
		for _, g := range list {
			values = append(values, g.String())
		}
		if len(values) > 0 {
			parts = append(parts, Criterion(c).String()+" "+strings.Join(values, ", "))
		}
	}
	var users []string
	for _, u := range m.Users {
		users = append(users, u.Name)
	}
	if len(users) > 0 {
		parts = append(parts, ByUser.String()+" "+strings.Join(users, ", "))
	}
	return strings.Join(parts, "; ")
}

// Extent says in words how large a policy is.
func Extent(files, profiles int) string {
	return counted(files, "file") + ", " + counted(profiles, "profile")
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}
