package config

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Bounds of what the policy says of judges.
const (
	pluginsMax      = 16
	judgeTimeoutMin = 10 * time.Millisecond
	judgeTimeoutMax = time.Minute
)

// validation reads the table of that name: the threshold, a table for each built-in judge, and the plugins.
func (d *decoder) validation(it item, l *policy.Layer, where scope) {
	if !d.is(it, tableValue) {
		return
	}
	rows := d.settingRows(l, where, []setting{{"threshold", policy.KeyThreshold, anywhere, readThreshold}})
	own := judgeSettings()
	for _, j := range policy.Judges() {
		rows = append(rows, row{j.String(), func(it item) {
			if d.is(it, tableValue) {
				d.judge(it, l, j, d.settingRows(l, where, own[j]))
			}
		}})
	}
	rows = append(rows, row{"plugin", func(it item) { d.plugins(it, l, where) }})
	rows = append(rows, row{"fetch", func(it item) {
		if d.is(it, tableValue) {
			d.rows(it.value.table, inFetch, d.settingRows(l, where, fetching()))
		}
	}})
	d.rows(it.value.table, inValidation, rows)
}

// judgeSettings are the keys that only one judge has.
func judgeSettings() map[policy.Judge][]setting {
	return map[policy.Judge][]setting{
		policy.JudgeDANE:         daneSettings(),
		policy.JudgeTransparency: transparencySettings(),
		policy.JudgeNotaries:     notarySettings(),
		policy.JudgePins: {
			{"host", policy.KeyPinnedHosts, anywhere, readPinnedHosts},
			{"tofu", policy.KeyTrustOnFirstUse, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Validation.TrustOnFirstUse, ok = d.flag(it)
				return ok
			}},
		},
		policy.JudgeRevocation: {
			{"stapled", policy.KeyRevocationStapled, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Validation.Sources.Stapled, ok = d.flag(it)
				return ok
			}},
			{"ocsp", policy.KeyRevocationOCSP, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Validation.Sources.OCSP, ok = d.flag(it)
				return ok
			}},
			{"crl", policy.KeyRevocationCRL, anywhere, func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Validation.Sources.CRL, ok = d.flag(it)
				return ok
			}},
			{"crl_files", policy.KeyRevocationLists, global, readRevocationLists},
			{"crlset", policy.KeyRevocationSet, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Validation.Revocations.CRLSet, ok = d.word(it)
				return ok && d.file(it, s.Validation.Revocations.CRLSet)
			}},
			{"max_age", policy.KeyRevocationAge, global, func(d *decoder, it item, s *policy.Settings) (ok bool) {
				s.Validation.Revocations.Age, ok = d.duration(it, span{0, ageMax})
				return ok
			}},
		},
	}
}

// judge reads the table of a built-in judge. The source of its rule is the line of its mode, if that is there.
func (d *decoder) judge(it item, l *policy.Layer, j policy.Judge, own []row) {
	var value policy.Settings
	at, some := it.at, false
	rows := append(own, d.ruleRows(&value.Validation.Rules[j], func(name string, line policy.Source) {
		if !some || name == "mode" {
			at = line
		}
		some = true
	})...)
	d.rows(it.value.table, inValidation+"."+j.String(), rows)
	if some {
		l.Put(j.Key(), &value, at)
	}
}

// ruleRows are the keys that say how a judge counts; wrote is called for each that is there.
func (d *decoder) ruleRows(r *policy.Rule, wrote func(name string, at policy.Source)) []row {
	word := func(name string, set func(int), words ...string) row {
		return row{name, func(it item) {
			if i, ok := d.oneOf(it, words...); ok {
				set(i)
				wrote(name, it.at)
			}
		}}
	}
	answers := []judge.Answer{judge.Valid, judge.Invalid, judge.Abstain}
	return []row{
		word("mode", func(i int) { r.SetWeight(policy.Weight(i)) }, policy.Off.String(), policy.Soft.String(), policy.Hard.String()),
		word("group", func(i int) { r.SetSide(policy.Side(i)) }, policy.Necessary.String(), policy.Congress.String()),
		word("abstain_is", func(i int) { r.SetAbstainIs(answers[i]) }, judge.Valid.String(), judge.Invalid.String(), judge.Abstain.String()),
		word("error_is", func(i int) { r.SetErrorIs(answers[i]) }, judge.Valid.String(), judge.Invalid.String()),
		{"timeout", func(it item) {
			if t, ok := d.duration(it, span{judgeTimeoutMin, judgeTimeoutMax}); ok {
				r.SetTimeout(t)
				wrote("timeout", it.at)
			}
		}},
	}
}

// readThreshold takes a share above 0 and at most 1.
func readThreshold(d *decoder, it item, s *policy.Settings) bool {
	if it.value.kind != floatValue && !d.is(it, integerValue) {
		return false
	}
	x, err := strconv.ParseFloat(strings.ReplaceAll(it.value.text, "_", ""), 64)
	if err != nil || math.IsNaN(x) || x <= 0 || x > 1 {
		d.problemf(it.value.at, "threshold is %s; it is a share, above 0 and at most 1", it.value.text)
		return false
	}
	s.Validation.Threshold = x
	return true
}

// readPinnedHosts takes an array of tables, each with patterns for hosts and the keys they may have.
func readPinnedHosts(d *decoder, it item, s *policy.Settings) bool {
	var list policy.PinList
	before := len(d.problems)
	for _, e := range d.array(it) {
		if !d.is(e, tableValue) {
			return false
		}
		var patterns []policy.Host
		var pins []policy.Pin
		d.rows(e.value.table, inPin, []row{
			{"pattern", func(it item) { patterns = d.hosts(it) }},
			{"sha256", func(it item) { pins = d.pins(it) }},
		})
		if e.value.table.find("pattern") == nil || e.value.table.find("sha256") == nil {
			d.problemf(e.at, `host needs pattern, the hosts, and sha256, the keys they may have`)
		}
		for _, p := range patterns {
			list = append(list, policy.PinnedHost{Pattern: p, Pins: pins, Source: e.at})
		}
	}
	s.Validation.Pins = []policy.PinList{list}
	return len(d.problems) == before && len(list) > 0
}

func (d *decoder) pins(it item) (list []policy.Pin) {
	d.wordOrWords(it, func(e item, text string) bool {
		p, err := policy.ParsePin(text)
		if err != nil {
			d.problemf(e.value.at, "sha256: %v", err)
			return false
		}
		list = append(list, p)
		return true
	})
	return list
}

// plugins reads an array of tables. The global settings declare a plugin; other sections override how it counts.
func (d *decoder) plugins(it item, l *policy.Layer, where scope) {
	var value policy.Settings
	before := len(d.problems)
	for _, e := range d.array(it) {
		if !d.is(e, tableValue) {
			return
		}
		p := d.plugin(e, where)
		for _, have := range value.Validation.Plugins {
			if have.Name == p.Name {
				d.problemf(e.at, "plugin %q is there twice", p.Name)
			}
		}
		value.Validation.Plugins = append(value.Validation.Plugins, p)
	}
	if n := len(value.Validation.Plugins); n > pluginsMax {
		d.problemf(it.at, "%d plugins, more than %d", n, pluginsMax)
	}
	if len(d.problems) == before {
		l.Put(policy.KeyPlugins, &value, it.at)
	}
}

func (d *decoder) plugin(e item, where scope) policy.Plugin {
	p := policy.Plugin{Source: e.at}
	rows := d.ruleRows(&p.Rule, func(string, policy.Source) {})
	rows = append(rows, row{"name", func(it item) {
		var ok bool
		if p.Name, ok = d.word(it); ok && !validName(p.Name) {
			d.problemf(it.value.at, "name is %q; a name has 1 to %d letters, digits, \"-\", \"_\" and \".\"", p.Name, nameMax)
		}
	}})
	if where == global {
		rows = append(rows,
			row{"path", func(it item) {
				var ok bool
				if p.Path, ok = d.word(it); ok {
					d.file(it, p.Path)
				}
			}},
			row{"args", func(it item) {
				d.wordOrWords(it, func(_ item, text string) bool { p.Args = append(p.Args, text); return true })
			}},
			row{"network", func(it item) { p.Network, _ = d.flag(it) }},
			row{"state", func(it item) { p.State, _ = d.flag(it) }},
		)
	}
	d.rows(e.value.table, inPlugin, rows)
	if e.value.table.find("name") == nil || where == global && e.value.table.find("path") == nil {
		d.problemf(e.at, "plugin needs name and, in the global settings, path")
	}
	for _, j := range policy.Judges() {
		if p.Name == j.String() {
			d.problemf(e.at, "plugin %q has the name of a built-in judge", p.Name)
		}
	}
	return p
}
