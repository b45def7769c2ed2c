package policy

import (
	"slices"
	"strings"
)

// A Plugin is a judge that is a program of its own. The global settings declare it, with its path; other sections may
// override its rule.
type Plugin struct {
	Name string
	// Path is the program, Args what it is started with.
	Path string
	Args []string
	// Network lets the program use the network, State gives it a directory to write in.
	Network, State bool
	Rule           Rule
	Source         Source
}

// overridePlugins puts the plugins of a section over those of the sections above.
func overridePlugins(above, own []Plugin) []Plugin {
	all := slices.Clone(above)
	for _, p := range own {
		i := slices.IndexFunc(all, func(o Plugin) bool { return o.Name == p.Name })
		if i < 0 {
			p.Rule = defaultRule().with(p.Rule)
			all = append(all, p)
			continue
		}
		all[i].Rule.take(p.Rule)
		if p.Path != "" {
			rule := all[i].Rule
			all[i] = p
			all[i].Rule = rule
		}
	}
	return all
}

// with is the rule with what the other has written.
func (r Rule) with(o Rule) Rule {
	r.take(o)
	return r
}

// findPlugin finds a plugin by its name; nil when there is none.
func findPlugin(all []Plugin, name string) *Plugin {
	for i := range all {
		if all[i].Name == name {
			return &all[i]
		}
	}
	return nil
}

// Runs says whether any section asks the plugin.
func (p *Policy) Runs(plugin string) bool {
	asks := func(l *Layer) bool {
		found := findPlugin(l.Settings.Validation.Plugins, plugin)
		return found != nil && found.Rule.Weight != Off
	}
	if asks(&p.global) {
		return true
	}
	for _, profile := range p.profiles {
		if asks(&profile.Layer) || slices.ContainsFunc(profile.Sections, func(s Section) bool { return asks(&s.Layer) }) {
			return true
		}
	}
	return false
}

// showPlugins are the plugins with their weights.
func showPlugins(s *Settings) string {
	var names []string
	for _, p := range s.Validation.Plugins {
		names = append(names, p.Name+" ("+p.Rule.String()+")")
	}
	return strings.Join(names, "; ")
}
