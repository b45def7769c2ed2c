package config

import (
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
)

// systemPolicy is what extends names to take over the distribution's own policy.
const systemPolicy = "system-crypto-policies"

// layer reads the settings of a section; rows are the keys that only this kind of section has.
//
//  1. What the section extends comes first, wherever the key stands.
//  2. Then what it sets itself.
//  3. An exception covers all of it.
func (d *decoder) layer(t *table, l *policy.Layer, where scope, rows ...row) {
	var excuse *policy.Exception
	if v := t.find("allow_weaker"); v != nil {
		excuse = d.exception(item{"allow_weaker", v.at, v})
	}
	for _, it := range t.items {
		if it.name == "extends" {
			d.extend(l, it, excuse != nil)
		}
	}
	ignore := func(item) {}
	rows = append(rows, row{"extends", ignore}, row{"allow_weaker", ignore})
	rows = append(rows, d.settingRows(l, where, settings())...)
	for name, list := range map[string][]setting{inExtensions: extensions(), inCache: sessionCache(), inLimits: limits()} {
		rows = append(rows, row{name, func(it item) {
			if d.is(it, tableValue) {
				d.rows(it.value.table, name, append(d.settingRows(l, where, list), fixedRows(d, name)...))
			}
		}})
	}
	rows = append(rows, row{inValidation, func(it item) { d.validation(it, l, where) }})
	d.rows(t, where.name(), rows)
	if excuse != nil {
		l.Excuse(excuse)
	}
}

// settingRows are the rows of the settings that a section of this kind can have.
func (d *decoder) settingRows(l *policy.Layer, where scope, list []setting) []row {
	var rows []row
	for _, s := range list {
		if s.where&where == 0 {
			continue
		}
		rows = append(rows, row{s.name, func(it item) {
			var value policy.Settings
			if s.read(d, it, &value) {
				l.Put(s.key, &value, it.at)
			}
		}})
	}
	return rows
}

// extend puts a preset, or the system's policy, into a layer.
func (d *decoder) extend(l *policy.Layer, it item, weaker bool) {
	name, ok := d.word(it)
	switch {
	case !ok || l.Preset(name, it.at):
	case name == systemPolicy:
		d.system(l, it, weaker)
	default:
		words := append(policy.Presets(), systemPolicy)
		d.problemf(it.value.at, "extends is %q; it can be %s%s", name, alternatives(words), meant(name, words))
	}
}

// reasonMax bounds the reason of an exception, in bytes: it goes into every record of its use.
const reasonMax = 400

// exception reads { reason = "...", expires = 2027-03-31 }.
func (d *decoder) exception(it item) *policy.Exception {
	if !d.is(it, tableValue) {
		return nil
	}
	e := &policy.Exception{Source: it.at}
	before := len(d.problems)
	d.rows(it.value.table, inWeaker, []row{
		{"reason", func(it item) { e.Reason = d.reason(it) }},
		{"expires", func(it item) { d.date(it, e) }},
	})
	for _, need := range []string{"reason", "expires"} {
		if it.value.table.find(need) == nil {
			d.problemf(it.value.at, `allow_weaker needs %s: { reason = "...", expires = 2027-03-31 }`, need)
		}
	}
	if len(d.problems) > before {
		// The section is not refused a second time for what the broken exception was to excuse.
		e.Year = 9999
	}
	return e
}

func (d *decoder) reason(it item) string {
	text, ok := d.word(it)
	text = strings.TrimSpace(text)
	if ok && (text == "" || len(text) > reasonMax || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' })) {
		d.problemf(it.value.at, "reason has to be one line of at most %d bytes", reasonMax)
	}
	return text
}

func (d *decoder) date(it item, e *policy.Exception) {
	if it.value.kind != dateValue {
		d.problemf(it.value.at, "expires has to be a date without quotes, as 2027-03-31, not %s", it.value.kind)
		return
	}
	t, err := time.Parse(time.DateOnly, it.value.text)
	if err != nil {
		d.problemf(it.value.at, "expires is %s, which is not a date", it.value.text)
		return
	}
	e.Year, e.Month, e.Day = t.Date()
}

// ports are numbers, one or several.
func (d *decoder) ports(it item) (list []uint16) {
	all := []item{it}
	if it.value.kind == arrayValue {
		all = d.array(it)
	}
	for _, e := range all {
		if n, ok := d.number(e, bounds{1, 65535}); ok {
			list = append(list, uint16(n))
		}
	}
	return list
}

// hosts are patterns for names or addresses, one or several.
func (d *decoder) hosts(it item) (list []policy.Host) {
	d.wordOrWords(it, func(e item, text string) bool {
		h, err := policy.NewHost(text)
		if err != nil {
			d.problemf(e.value.at, "host %s: %v", strconv.Quote(text), err)
		}
		list = append(list, h)
		return err == nil
	})
	return list
}
