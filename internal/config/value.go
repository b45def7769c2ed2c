package config

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
)

// listMax bounds the elements of one array.
const listMax = 256

// decoder turns tables into rules and collects what is wrong with them.
type decoder struct {
	options  Options
	problems []policy.Problem
}

func (d *decoder) problemf(at policy.Source, format string, args ...any) {
	d.problems = append(d.problems, policy.Problem{Source: at, Text: fmt.Sprintf(format, args...)})
}

func (d *decoder) warnf(at policy.Source, format string, args ...any) {
	d.problems = append(d.problems, policy.Problem{Source: at, Text: fmt.Sprintf(format, args...), Warning: true})
}

// is reports a value of the wrong type.
func (d *decoder) is(it item, k kind) bool {
	if it.value.kind == k {
		return true
	}
	d.problemf(it.value.at, "%s has to be %s, not %s", it.name, k, it.value.kind)
	return false
}

func (d *decoder) word(it item) (string, bool) {
	if !d.is(it, stringValue) {
		return "", false
	}
	return it.value.text, true
}

func (d *decoder) flag(it item) (value, ok bool) {
	return it.value.text == "true", d.is(it, booleanValue)
}

// bounds are the least and the greatest value of a number.
type bounds struct{ least, most int }

func (d *decoder) number(it item, b bounds) (int, bool) {
	if !d.is(it, integerValue) {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(it.value.text, "_", ""), 0, 64)
	if err != nil || n < int64(b.least) || n > int64(b.most) {
		d.problemf(it.value.at, "%s is %s; it can be %d to %d", it.name, it.value.text, b.least, b.most)
		return 0, false
	}
	return int(n), true
}

// span is the least and the greatest value of a time.
type span struct{ least, most time.Duration }

func (d *decoder) duration(it item, s span) (time.Duration, bool) {
	if it.value.kind == integerValue {
		d.problemf(it.value.at, `%s is a number without a unit; write "%ss" if seconds are meant`, it.name, it.value.text)
		return 0, false
	}
	text, ok := d.word(it)
	if !ok {
		return 0, false
	}
	t, err := time.ParseDuration(text)
	if err != nil {
		d.problemf(it.value.at, `%s is %q, which is not a time; write "30s", "15m" or "24h"`, it.name, text)
		return 0, false
	}
	if t < s.least || t > s.most {
		d.problemf(it.value.at, "%s is %s; it can be %s to %s", it.name, text, s.least, s.most)
		return 0, false
	}
	return t, true
}

// seconds is a duration of whole seconds.
func (d *decoder) seconds(it item, s span) (int, bool) {
	t, ok := d.duration(it, s)
	if ok && t%time.Second != 0 {
		d.problemf(it.value.at, "%s is %s; it has to be whole seconds", it.name, it.value.text)
		return 0, false
	}
	return int(t / time.Second), ok
}

// oneOf is one of a few words.
func (d *decoder) oneOf(it item, words ...string) (int, bool) {
	text, ok := d.word(it)
	if !ok {
		return 0, false
	}
	for i, w := range words {
		if w == text {
			return i, true
		}
	}
	d.problemf(it.value.at, "%s is %q; it can be %s%s", it.name, text, alternatives(words), meant(text, words))
	return 0, false
}

// array is the elements of an array, which is not empty.
func (d *decoder) array(it item) []item {
	if !d.is(it, arrayValue) {
		return nil
	}
	switch n := len(it.value.list); {
	case n == 0:
		d.problemf(it.value.at, "%s is empty; leave the key out instead", it.name)
	case n > listMax:
		d.problemf(it.value.at, "%s has %d elements, more than %d", it.name, n, listMax)
	default:
		return elements(it)
	}
	return nil
}

// elements are the elements of an array as items, so that their errors name the key.
func elements(it item) []item {
	all := make([]item, len(it.value.list))
	for i := range all {
		all[i] = item{name: "an element of " + it.name, at: it.value.list[i].at, value: &it.value.list[i]}
	}
	return all
}

// words is an array of strings, each read by a function; false when something was wrong with any.
func (d *decoder) words(it item, read func(item, string) bool) bool {
	all := d.array(it)
	good := len(all) > 0
	for _, e := range all {
		text, ok := d.word(e)
		good = ok && read(e, text) && good
	}
	return good
}

// wordOrWords is a string or an array of strings.
func (d *decoder) wordOrWords(it item, read func(item, string) bool) bool {
	if it.value.kind == stringValue {
		return read(it, it.value.text)
	}
	if it.value.kind != arrayValue {
		d.problemf(it.value.at, "%s has to be a string or an array of strings, not %s", it.name, it.value.kind)
		return false
	}
	return d.words(it, read)
}

// file is an absolute path without detours.
func (d *decoder) file(it item, text string) bool {
	if !path.IsAbs(text) || path.Clean(text) != text || strings.ContainsRune(text, 0) {
		d.problemf(it.value.at, "%s is %q; it has to be an absolute path without \"..\", \"//\" and trailing \"/\"", it.name, text)
		return false
	}
	return true
}

// alternatives lists words for a text.
func alternatives(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(w)
	}
	if len(quoted) == 1 {
		return quoted[0]
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// meant asks whether a word near the wrong one was meant.
func meant(wrong string, words []string) string {
	if near := policy.Nearest(wrong, words); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// row is one key that a table may have.
type row struct {
	name string
	read func(item)
}

// rows reads a table by the rows it may have.
func (d *decoder) rows(t *table, where string, rows []row) {
	for _, it := range t.items {
		if r := findRow(rows, it.name); r != nil {
			r.read(it)
			continue
		}
		d.unknown(it, where, rows)
	}
}

func findRow(rows []row, name string) *row {
	for i := range rows {
		if rows[i].name == name {
			return &rows[i]
		}
	}
	return nil
}

// unknown says what is wrong with a key that has no row.
func (d *decoder) unknown(it item, where string, rows []row) {
	if why := refused(it.name, where); why != "" {
		d.problemf(it.at, "%s: %s", it.name, why)
		return
	}
	names := make([]string, len(rows))
	for i, r := range rows {
		names[i] = r.name
	}
	d.problemf(it.at, "unknown key %q in %s%s", it.name, where, meant(it.name, names))
}
