package policy

import "strings"

// A Glob is a pattern in AppArmor's manner: "*" stands for any characters of one component, "**" for any characters
// at all, both also for none. Everything else stands for itself. Components are separated by "/" in paths and
// by "." in host names.
type Glob struct {
	text      string
	separator byte
	// prefix is what comes before the first wildcard, all of it when there is none.
	prefix string
	// literals counts the characters that are no wildcards.
	literals int
}

// NewGlob makes a pattern for paths and other names with "/".
func NewGlob(pattern string) Glob { return newGlob(pattern, '/') }

// newGlob makes a pattern for names with a separator.
func newGlob(pattern string, separator byte) Glob {
	prefix, _, _ := strings.Cut(pattern, "*")
	return Glob{text: pattern, separator: separator, prefix: prefix, literals: len(pattern) - strings.Count(pattern, "*")}
}

// String is the pattern.
func (g Glob) String() string { return g.text }

// literal says whether the pattern has no wildcard.
func (g Glob) literal() bool { return len(g.prefix) == len(g.text) }

// rank says how specific the pattern is: one without wildcards before all others, then by the number of characters
// that stand for themselves.
func (g Glob) rank() int {
	if g.literal() {
		return rankLiteral
	}
	return 1 + g.literals
}

// rankLiteral is the rank of a pattern without wildcards, above that of any other.
const rankLiteral = 1 << 20

// Match says whether the whole name is of the pattern.
func (g Glob) Match(name string) bool {
	if !strings.HasPrefix(name, g.prefix) {
		return false
	}
	if g.literal() {
		return len(name) == len(g.prefix)
	}
	m := matcher{pattern: g.text, name: name, separator: g.separator, star: -1, stars: -1}
	return m.match(len(g.prefix))
}

// matcher compares a pattern with a name. It remembers the last "*" and the last "**" with the place in the name up
// to which they stand for something: going further back than those never helps.
type matcher struct {
	pattern, name string
	separator     byte
	p, n          int
	star, starAt  int
	stars, deepAt int
}

func (m *matcher) match(from int) bool {
	m.p, m.n = from, from
	for m.p < len(m.pattern) || m.n < len(m.name) {
		if !m.step() && !m.retry() {
			return false
		}
	}
	return true
}

// step takes the next part of the pattern.
func (m *matcher) step() bool {
	switch rest := m.pattern[m.p:]; {
	case strings.HasPrefix(rest, "**"):
		m.p += len(rest) - len(strings.TrimLeft(rest, "*"))
		m.stars, m.deepAt, m.star = m.p, m.n, -1
	case strings.HasPrefix(rest, "*"):
		m.p++
		m.star, m.starAt = m.p, m.n
	case rest != "" && m.n < len(m.name) && rest[0] == m.name[m.n]:
		m.p++
		m.n++
	default:
		return false
	}
	return true
}

// retry lets the last wildcard stand for one character more.
func (m *matcher) retry() bool {
	if m.star >= 0 && m.starAt < len(m.name) && m.name[m.starAt] != m.separator {
		m.starAt++
		m.p, m.n = m.star, m.starAt
		return true
	}
	if m.stars >= 0 && m.deepAt < len(m.name) {
		m.deepAt++
		m.p, m.n, m.star = m.stars, m.deepAt, -1
		return true
	}
	return false
}

// overlaps says whether a name exists that is of both patterns.
func (g Glob) overlaps(h Glob) bool {
	short := min(len(g.prefix), len(h.prefix))
	switch {
	case g.prefix[:short] != h.prefix[:short]:
		return false
	case g.literal():
		return h.Match(g.text)
	case h.literal():
		return g.Match(h.text)
	}
	return crossed(g.tokens(), h.tokens(), g.separator)
}

// The tokens of a pattern that are no characters.
const (
	anyInComponent = -1
	anyAtAll       = -2
)

func (g Glob) tokens() []int {
	out := make([]int, 0, len(g.text))
	for i := 0; i < len(g.text); i++ {
		switch {
		case g.text[i] != '*':
			out = append(out, int(g.text[i]))
		case i > 0 && g.text[i-1] == '*':
			out[len(out)-1] = anyAtAll
		default:
			out = append(out, anyInComponent)
		}
	}
	return out
}

// crossed fills the table of which rests of two patterns have a name in common, from their ends.
func crossed(a, b []int, separator byte) bool {
	below := make([]bool, len(b)+1)
	for i := len(a); i >= 0; i-- {
		row := make([]bool, len(b)+1)
		for j := len(b); j >= 0; j-- {
			row[j] = common(pair{a[i:], b[j:], separator}, row, below, j)
		}
		below = row
	}
	return below[0]
}

// pair is the rests of two patterns.
type pair struct {
	a, b      []int
	separator byte
}

// common decides one field of the table from those right of it, below it, and below to the right.
func common(p pair, row, below []bool, j int) bool {
	switch {
	case len(p.a) == 0 && len(p.b) == 0:
		return true
	case len(p.a) > 0 && p.a[0] < 0 && (below[j] || len(p.b) > 0 && p.absorbs(p.a[0], p.b[0]) && row[j+1]):
		return true
	case len(p.b) > 0 && p.b[0] < 0:
		return row[j+1] || len(p.a) > 0 && p.absorbs(p.b[0], p.a[0]) && below[j]
	}
	return len(p.a) > 0 && len(p.b) > 0 && p.a[0] == p.b[0] && below[j+1]
}

// absorbs says whether a wildcard can stand for a character.
func (p pair) absorbs(wildcard, token int) bool {
	return token >= 0 && (wildcard == anyAtAll || token != int(p.separator))
}
