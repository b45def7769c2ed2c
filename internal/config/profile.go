package config

import (
	"strings"

	"github.com/securesocketapi/ssa/internal/policy"
)

// Bounds of a policy.
const (
	profilesMax = 16384
	sectionsMax = 256
	nameMax     = 64
)

// rules are those of all files so far.
type rules struct {
	policy.Rules
	byName map[string]*policy.Profile
}

// document reads one file into the rules, over what earlier ones have said.
func (d *decoder) document(t *table, r *rules) {
	var own policy.Layer
	d.layer(t, &own, global, row{"profile", func(it item) {
		if d.is(it, tableValue) {
			d.profiles(it.value.table, r)
		}
	}})
	r.Global.Merge(&own)
}

func (d *decoder) profiles(t *table, r *rules) {
	for _, it := range t.items {
		if !validName(it.name) {
			d.problemf(it.at, "profile %q: a name has 1 to %d letters, digits, \"-\", \"_\" and \".\"", it.name, nameMax)
			continue
		}
		if it.value.kind != tableValue {
			d.problemf(it.value.at, "profile %s has to be a table: [profile.%s]", it.name, it.name)
			continue
		}
		p := r.byName[it.name]
		if p == nil && len(r.Profiles) == profilesMax {
			d.problemf(it.at, "more than %d profiles", profilesMax)
			return
		}
		if p == nil {
			p = &policy.Profile{Name: it.name, Source: it.at}
			r.byName[it.name] = p
			r.Profiles = append(r.Profiles, p)
		}
		d.profile(it.value.table, p)
	}
}

func validName(s string) bool {
	odd := func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("-_.", r)
	}
	return s != "" && len(s) <= nameMax && !strings.ContainsFunc(s, odd)
}

// profile reads one profile, over what an earlier file has said of it.
func (d *decoder) profile(t *table, p *policy.Profile) {
	var own policy.Layer
	d.layer(t, &own, profile,
		row{"match", func(it item) {
			if d.is(it, tableValue) {
				p.Match = d.match(it)
			}
		}},
		row{"mode", func(it item) {
			if i, ok := d.oneOf(it, policy.Enforce.String(), policy.Complain.String()); ok {
				p.Mode, p.ModeSource = policy.Mode(i), it.at
			}
		}},
		row{"destination", func(it item) { d.destinations(it, p) }},
	)
	p.Layer.Merge(&own)
}

func (d *decoder) destinations(it item, p *policy.Profile) {
	for _, e := range d.array(it) {
		if !d.is(e, tableValue) {
			return
		}
		if len(p.Sections) == sectionsMax {
			d.problemf(e.at, "more than %d destinations in a profile", sectionsMax)
			return
		}
		s := policy.Section{Source: e.at}
		d.layer(e.value.table, &s.Layer, destination,
			row{"host", func(it item) { s.Hosts = d.hosts(it) }},
			row{"port", func(it item) { s.Ports = d.ports(it) }},
		)
		if e.value.table.find("host") == nil && e.value.table.find("port") == nil {
			d.problemf(e.at, "destination needs host or port")
		}
		p.Sections = append(p.Sections, s)
	}
}

// match reads whom a profile is for.
func (d *decoder) match(it item) policy.Match {
	m := policy.Match{Source: it.at}
	globs := func(to *[]policy.Glob, check func(item, string) bool) func(item) {
		return func(it item) {
			d.wordOrWords(it, func(e item, text string) bool {
				*to = append(*to, policy.NewGlob(text))
				return check(e, text)
			})
		}
	}
	d.rows(it.value.table, inMatch, []row{
		{"exe", globs(&m.Exe, d.file)},
		{"script", globs(&m.Script, d.file)},
		{"unit", globs(&m.Unit, d.unit)},
		{"container", globs(&m.Container, d.container)},
		{"user", func(it item) { d.users(it, &m) }},
	})
	if len(it.value.table.items) == 0 {
		d.problemf(it.at, "match is empty; it needs exe, unit, container, user or script")
	}
	return m
}

// unit is the name of a systemd unit, or a pattern for one.
func (d *decoder) unit(it item, text string) bool {
	if strings.ContainsAny(text, "/ \t") || !strings.Contains(text, ".") && !strings.HasSuffix(text, "*") {
		d.problemf(it.value.at, "unit %q is not the name of a unit, as \"nginx.service\"", text)
		return false
	}
	return true
}

func (d *decoder) container(it item, text string) bool {
	if text == "" || strings.ContainsAny(text, " \t\n") {
		d.problemf(it.value.at, "container %q is not the identifier of a container", text)
		return false
	}
	return true
}

// users are names or numbers, one or several.
func (d *decoder) users(it item, m *policy.Match) {
	all := []item{it}
	if it.value.kind == arrayValue {
		all = d.array(it)
	}
	for _, e := range all {
		if e.value.kind == integerValue {
			if n, ok := d.number(e, bounds{0, 1<<32 - 2}); ok {
				m.Users = append(m.Users, policy.User{Name: e.value.text, UID: n})
			}
			continue
		}
		if name, ok := d.word(e); ok {
			m.Users = append(m.Users, d.user(e, name))
		}
	}
}

// noUser is the number of a user that does not exist: no program has it.
const noUser = -1

func (d *decoder) user(it item, name string) policy.User {
	uid, err := d.options.LookupUser(name)
	if err != nil {
		d.warnf(it.value.at, "user %q: %v; the profile is for no program of this user until the policy is loaded again", name, err)
		uid = noUser
	}
	return policy.User{Name: name, UID: uid}
}
