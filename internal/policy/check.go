package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// checker collects what is wrong with a policy.
type checker struct {
	caps     Caps
	now      time.Time
	problems []Problem
}

func (c *checker) problemf(at Source, format string, args ...any) {
	c.problems = append(c.problems, problemf(at, format, args...))
}

func (c *checker) warnf(at Source, format string, args ...any) {
	p := problemf(at, format, args...)
	p.Warning = true
	c.problems = append(c.problems, p)
}

// check looks at each layer, then at what they add up to, then at the profiles together.
func (p *Policy) check(caps Caps, now time.Time) []Problem {
	c := &checker{caps: caps, now: now}
	c.layer(&p.global)
	c.sums(p.base, &p.global)
	for _, profile := range p.profiles {
		c.profile(p, profile)
	}
	c.sources(p)
	c.ties(p)
	slices.SortFunc(c.problems, Problem.Compare)
	return slices.Compact(c.problems)
}

func (c *checker) profile(p *Policy, profile *Profile) {
	if n := profile.Match.combinations(); n > entriesMax {
		c.problemf(profile.Match.Source, "match has %d combinations of its values, more than %d; make several profiles of it", n, entriesMax)
	}
	c.advisory(profile)
	c.layer(&profile.Layer)
	c.plugins(&p.global, &profile.Layer)
	c.sums(p.base, &p.global, &profile.Layer)
	for i := range profile.Sections {
		s := &profile.Sections[i]
		c.layer(&s.Layer)
		c.plugins(&p.global, &s.Layer)
		c.sums(p.base, &p.global, &profile.Layer, &s.Layer)
		for j := range i {
			if o := &profile.Sections[j]; s.ties(o) {
				c.problemf(s.Source, "this destination (%s) and the one of %s (%s) overlap, and neither is more specific",
					s, o.Source, o)
			}
		}
	}
}

// advisory refuses to give a program rights for what it says of itself.
func (c *checker) advisory(p *Profile) {
	if !p.Match.Advisory() {
		return
	}
	const why = "the profile is matched by script, which a program can claim to be; match by exe, unit, container or user alone"
	layers := []*Layer{&p.Layer}
	for i := range p.Sections {
		layers = append(layers, &p.Sections[i].Layer)
	}
	for _, l := range layers {
		for _, k := range []Key{KeyKeys, KeyCertificates} {
			if l.Set.Has(k) {
				c.problemf(l.Settings.Sources.At(k), "%s: %s", k, why)
			}
		}
		l.weak.each(func(k Key) { c.problemf(l.Settings.Sources.At(k), "%s goes below the floor: %s", k, why) })
	}
}

// plugins refuses the rule of a plugin that the global settings do not declare.
func (c *checker) plugins(global, l *Layer) {
	for _, p := range l.Settings.Validation.Plugins {
		if findPlugin(global.Settings.Validation.Plugins, p.Name) == nil {
			c.problemf(p.Source, "plugin %q is not declared in the global settings, with its path", p.Name)
		}
	}
}

// layer checks the values of a layer one by one.
func (c *checker) layer(l *Layer) {
	l.weak.each(func(k Key) { c.excuse(l, k) })
	if l.Set.Has(KeyCipherSuites) {
		c.list(l, KeyCipherSuites, named{l.Settings.Ciphers, c.caps.Ciphers, c.caps.OrdersSuites})
	}
	if l.Set.Has(KeyGroups) {
		c.list(l, KeyGroups, named{l.Settings.Groups, c.caps.Groups, c.caps.OrdersGroups})
	}
}

// excuse demands an exception for a value below the floor.
func (c *checker) excuse(l *Layer, k Key) {
	at, e := l.Settings.Sources.At(k), l.Excuses[k]
	than := "below the built-in floor"
	if k >= KeyThreshold {
		than = "weaker than what holds without this section"
	}
	switch what := l.weakest[k]; {
	case e == nil:
		c.problemf(at, "%s: %s is %s; if it must be, add "+
			`allow_weaker = { reason = "...", expires = YYYY-MM-DD } to this section`, k, what, than)
	case !e.Alive(c.now):
		c.warnf(e.Source, "the exception has expired on %s: %s of %s is not in force any more", e.Expires(), k, at)
	}
}

// named is a list of names in order of preference, with those the engine has in its own order.
type named struct {
	want, have []string
	ordered    bool
}

// list refuses what the engine does not have, and an order it would not follow.
func (c *checker) list(l *Layer, k Key, n named) {
	at := l.Settings.Sources.At(k)
	known := true
	for _, name := range n.want {
		if !slices.Contains(n.have, name) {
			c.problemf(at, "%s: the TLS engine does not have %s", k, name)
			known = false
		}
	}
	if !known || n.ordered {
		return
	}
	for i, name := range n.want[1:] {
		before := n.want[i]
		if slices.Index(n.have, before) > slices.Index(n.have, name) {
			c.problemf(at, "%s: the TLS engine prefers %s to %s and cannot be told otherwise; its order is %s", k, name, before,
				quoted(slices.DeleteFunc(slices.Clone(n.have), func(s string) bool { return !slices.Contains(n.want, s) })))
			return
		}
	}
}

func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// sums checks what layers add up to, now and once the exceptions are dead. What is wrong is reported for the last
// of the layers, if that has anything to do with it.
func (c *checker) sums(base Settings, layers ...*Layer) {
	last := layers[len(layers)-1]
	for _, k := range []Key{KeyCipherSuites, KeyVersions, KeyGroups} {
		if last.Set.Has(k) {
			c.sum(base, layers, last.Settings.Sources.At(k))
			return
		}
	}
}

func (c *checker) sum(base Settings, layers []*Layer, at Source) {
	if text := c.caps.objection(pile(base, layers, c.now)); text != "" {
		c.problemf(at, "%s", text)
		return
	}
	if !slices.ContainsFunc(layers, func(l *Layer) bool { return l.weak != 0 }) {
		return
	}
	if text := c.caps.objection(pile(base, layers, never())); text != "" {
		c.problemf(at, "%s, once the exception has expired", text)
	}
}

// pile is what layers add up to at a time.
func pile(s Settings, layers []*Layer, now time.Time) Settings {
	for _, l := range layers {
		l.over(&s, now, nil)
	}
	return s
}

// objection is why the engine cannot do what settings say, empty when it can. Fit, for a program's wishes, would
// take fewer versions instead; an administrator's list of versions is meant as it stands.
func (c Caps) objection(s Settings) string {
	tls13, older, err := c.split(s.Ciphers)
	switch {
	case err != nil:
		return "" // has been reported for the list itself
	case s.VersionMax >= abi.VersionTLS13 && len(tls13) == 0:
		return "versions (" + s.From(KeyVersions) + ") allows TLS 1.3, for which cipher_suites (" + s.From(KeyCipherSuites) +
			") has no suite"
	case s.VersionMin < abi.VersionTLS13 && len(older) == 0:
		return "versions (" + s.From(KeyVersions) + ") allows versions before TLS 1.3, for which cipher_suites (" +
			s.From(KeyCipherSuites) + ") has no suite"
	case s.VersionMin < abi.VersionTLS13 && !slices.ContainsFunc(s.Groups, classic):
		return "groups (" + s.From(KeyGroups) + ") has none for the versions before TLS 1.3, which versions (" +
			s.From(KeyVersions) + ") allows"
	case s.VersionMax < abi.VersionTLS13:
		return ""
	}
	if c.choice(tls13) != nil {
		return "cipher_suites (" + s.From(KeyCipherSuites) + "): the TLS engine cannot choose among the suites of TLS 1.3: list all of " +
			quoted(c.suites13()) + ", or leave TLS 1.3 out of versions"
	}
	return ""
}

// suites13 are the engine's suites of TLS 1.3.
func (c Caps) suites13() []string {
	all, _, _ := c.split(c.Ciphers)
	return all
}

// classic says whether a group can be used before TLS 1.3, as those with a post-quantum half cannot.
func classic(name string) bool { return !strings.Contains(name, "MLKEM") }

// peers are entries that are equally specific and have the same values where those have no wildcards: only two of
// them can tie.
type peers struct {
	rank  [criteria]int
	exact string
}

func (e *entry) peers() peers {
	var exact []string
	for _, g := range e.globs {
		if g != nil && g.literal() {
			exact = append(exact, g.text)
		}
	}
	return peers{e.rank, strings.Join(exact, "\x00")}
}

// ties refuses profiles of which some program would have two.
func (c *checker) ties(p *Policy) {
	among := map[peers][]*entry{}
	for _, profile := range p.profiles {
		for _, e := range profile.entries() {
			key := e.peers()
			for _, o := range among[key] {
				if o.profile != e.profile && e.ties(o) {
					c.problemf(e.profile.Match.Source, "profile %s and profile %s (%s) match the same programs (%s), and neither is more specific",
						e.profile.Name, o.profile.Name, o.profile.Match.Source, e.clash(o))
				}
			}
			among[key] = append(among[key], e)
		}
	}
}

// clash is the values of two entries that overlap.
func (e *entry) clash(o *entry) string {
	var parts []string
	for i := range e.rank {
		if c := Criterion(i); e.rank[i] > 0 {
			text := c.String() + " " + e.wanted(c)
			if e.wanted(c) != o.wanted(c) {
				text += " and " + o.wanted(c)
			}
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", ")
}
