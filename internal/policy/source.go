package policy

import (
	"cmp"
	"fmt"
	"slices"
)

// A Source is where a value of the policy comes from. The zero Source is the built-in policy.
type Source struct {
	File string
	// Line and Column count from 1; the column counts bytes.
	Line, Column int
	// Preset names the preset that gives the value, where the line extends one.
	Preset string
}

// Built says whether the value is the built-in policy's.
func (s Source) Built() bool { return s.File == "" }

// String is how texts for programs and administrators name the source: "/etc/ssa/policy.toml:12".
func (s Source) String() string {
	switch {
	case s.Built():
		return "the built-in policy"
	case s.Preset != "":
		return fmt.Sprintf("%s:%d (%s)", s.File, s.Line, s.Preset)
	}
	return fmt.Sprintf("%s:%d", s.File, s.Line)
}

// Sources are where the values of all keys come from. The zero Sources is the built-in policy for each.
type Sources []Source

// At is where the value of a key comes from.
func (s Sources) At(k Key) Source {
	if s == nil {
		return Source{}
	}
	return s[k]
}

// own makes the sources the caller's alone, for changes.
func (s Sources) own() Sources {
	if s == nil {
		return make(Sources, keyCount)
	}
	return slices.Clone(s)
}

// A Problem is something wrong with a policy, at one place of it.
type Problem struct {
	Source Source
	Text   string
	// Warning says that the policy can be used in spite of it.
	Warning bool
}

// Error is "file:line:column: text".
func (p Problem) Error() string {
	text := p.Text
	if p.Warning {
		text = "warning: " + text
	}
	switch {
	case p.Source.Built():
		return text
	case p.Source.Line == 0:
		return p.Source.File + ": " + text
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.Source.File, p.Source.Line, p.Source.Column, text)
}

// Compare orders problems by place.
func (p Problem) Compare(q Problem) int {
	return cmp.Or(cmp.Compare(p.Source.File, q.Source.File), cmp.Compare(p.Source.Line, q.Source.Line),
		cmp.Compare(p.Source.Column, q.Source.Column), cmp.Compare(p.Text, q.Text))
}

// problemf makes a problem that makes the policy unusable.
func problemf(at Source, format string, args ...any) Problem {
	return Problem{Source: at, Text: fmt.Sprintf(format, args...)}
}
