package daemon

import (
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/policy"
)

// Diff implements control.Daemon.
func (n *Network) Diff() api.Diff {
	d := api.Diff{Problems: []string{}, Changes: []api.Change{}}
	r := config.Load(PolicyOptions())
	if r.Err() != nil {
		for _, p := range r.Problems {
			d.Problems = append(d.Problems, p.Error())
		}
		return d
	}
	d.Changes = changes(n.policy().Describe(), r.Policy.Describe())
	return d
}

// changes are the values that two policies do not have in common: first those that now differ, in the order of the first,
// then what is only in the second.
func changes(now, next []policy.Line) []api.Change {
	type place struct{ where, key string }
	later := map[place]policy.Line{}
	for _, l := range next {
		later[place{l.Where, l.Key}] = l
	}
	list := []api.Change{}
	for _, l := range now {
		at := place{l.Where, l.Key}
		to := later[at]
		delete(later, at)
		if to.Value != l.Value {
			list = append(list, api.Change{Where: l.Where, Key: l.Key, Running: l.Value, Disk: to.Value, RunningAt: placeOf(l.Source), DiskAt: placeOf(to.Source)})
		}
	}
	for _, l := range next {
		if _, only := later[place{l.Where, l.Key}]; only {
			list = append(list, api.Change{Where: l.Where, Key: l.Key, Disk: l.Value, DiskAt: placeOf(l.Source)})
		}
	}
	return list
}

func placeOf(s policy.Source) api.Place {
	return api.Place{File: s.File, Line: s.Line, Preset: s.Preset}
}
