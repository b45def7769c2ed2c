package config

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/securesocketapi/ssa/internal/policy"
)

// A kind is the type of a TOML value.
type kind uint8

const (
	stringValue kind = iota
	integerValue
	floatValue
	booleanValue
	dateValue
	arrayValue
	tableValue
	otherValue
)

// String is the kind as texts name it.
func (k kind) String() string {
	return [...]string{"a string", "an integer", "a number", "true or false", "a date", "an array", "a table", "another type"}[k]
}

// value is a TOML value with its place.
type value struct {
	kind kind
	at   policy.Source
	// text is a string's characters, or another scalar as it is written.
	text string
	// list are the elements of an array; each [[table]] of a name is one.
	list  []value
	table *table
}

// table is a TOML table, with its keys in the order of the file.
type table struct {
	at    policy.Source
	items []item
}

// item is a key with its value. The place of a value in diagnostics is that of the value, the source of a setting
// the line of its key.
type item struct {
	name  string
	at    policy.Source
	value *value
}

// find gives the value of a key, nil when there is none. What is looked for was mostly added last.
func (t *table) find(name string) *value {
	for i := len(t.items) - 1; i >= 0; i-- {
		if t.items[i].name == name {
			return t.items[i].value
		}
	}
	return nil
}

func (t *table) add(name string, at policy.Source, v *value) *value {
	t.items = append(t.items, item{name, at, v})
	return v
}

// document turns the parser's expressions into tables.
type document struct {
	parser unstable.Parser
	file   string
	// lines are the offsets at which lines begin.
	lines []int
	root  *table
	// current is the table that the last header opened.
	current *table
	err     error
}

// errNested is what a file gets that nests deeper than any policy.
var errNested = errors.New("tables nest too deeply")

// depthMax bounds how deep tables and arrays nest.
const depthMax = 16

// parse reads a file. A file with an error in its syntax gives that error alone.
func parse(file string, text []byte) (*table, *policy.Problem) {
	// The expressions are read as they come; that keys are not repeated, and that tables are not extended where
	// they must not be, is checked by the full decoder.
	if bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) {
		return nil, &policy.Problem{Source: policy.Source{File: file, Line: 1, Column: 1},
			Text: "the file begins with a byte order mark; save it as UTF-8 without one"}
	}
	var whole map[string]any
	if err := toml.Unmarshal(text, &whole); err != nil {
		return nil, syntaxProblem(file, err)
	}
	d := &document{file: file, lines: lineStarts(text), root: &table{at: policy.Source{File: file, Line: 1, Column: 1}}}
	d.current = d.root
	d.parser.Reset(text)
	for d.parser.NextExpression() && d.err == nil {
		d.expression(d.parser.Expression())
	}
	if err := errors.Join(d.parser.Error(), d.err); err != nil {
		return nil, &policy.Problem{Source: policy.Source{File: file}, Text: err.Error()}
	}
	return d.root, nil
}

func syntaxProblem(file string, err error) *policy.Problem {
	p := &policy.Problem{Source: policy.Source{File: file}, Text: strings.TrimPrefix(err.Error(), "toml: ")}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		p.Source.Line, p.Source.Column = decode.Position()
	}
	return p
}

func lineStarts(text []byte) []int {
	starts := []int{0}
	for i, c := range text {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// place is where a node stands in the file.
func (d *document) place(n *unstable.Node) policy.Source {
	offset := int(n.Raw.Offset)
	line, exact := slices.BinarySearch(d.lines, offset)
	if !exact {
		line--
	}
	return policy.Source{File: d.file, Line: line + 1, Column: offset - d.lines[line] + 1}
}

func (d *document) expression(n *unstable.Node) {
	if n.Kind == unstable.KeyValue {
		d.keyValue(d.current, n, depthMax)
		return
	}
	d.current = d.header(n)
}

// header gives the table a [header] or [[header]] opens.
func (d *document) header(n *unstable.Node) *table {
	t := d.root
	for keys := n.Key(); keys.Next(); {
		key := keys.Node()
		at, name := d.place(key), string(key.Data)
		v := t.find(name)
		if keys.IsLast() && n.Kind == unstable.ArrayTable {
			if v == nil {
				v = t.add(name, at, &value{kind: arrayValue, at: at})
			}
			v.list = append(v.list, value{kind: tableValue, at: at, table: &table{at: at}})
		} else if v == nil {
			v = t.add(name, at, &value{kind: tableValue, at: at, table: &table{at: at}})
		}
		t = opened(v)
	}
	return t
}

// opened is the table a value stands for when more is added to it: of an array, its last element.
func opened(v *value) *table {
	if v.kind == arrayValue && len(v.list) > 0 {
		v = &v.list[len(v.list)-1]
	}
	if v.table == nil {
		// The full decoder has refused such a document.
		return &table{}
	}
	return v.table
}

func (d *document) keyValue(t *table, n *unstable.Node, room int) {
	keys := n.Key()
	for keys.Next() {
		key := keys.Node()
		at, name := d.place(key), string(key.Data)
		if keys.IsLast() {
			v := d.value(n.Value(), at, room)
			t.add(name, at, &v)
			return
		}
		v := t.find(name)
		if v == nil {
			v = t.add(name, at, &value{kind: tableValue, at: at, table: &table{at: at}})
		}
		t = opened(v)
	}
}

// value reads one value. An array has no place of its own and gets that of its key.
func (d *document) value(n *unstable.Node, at policy.Source, room int) value {
	if room == 0 {
		d.err = errNested
		return value{kind: otherValue, at: at}
	}
	v := value{kind: kindOf(n.Kind), at: at, text: string(n.Data)}
	if v.kind == arrayValue {
		for all := n.Children(); all.Next(); {
			v.list = append(v.list, d.value(all.Node(), at, room-1))
		}
		return v
	}
	v.at = d.place(n)
	if v.kind == tableValue {
		v.table = &table{at: v.at}
		for all := n.Children(); all.Next(); {
			d.keyValue(v.table, all.Node(), room-1)
		}
	}
	return v
}

func kindOf(k unstable.Kind) kind {
	kinds := map[unstable.Kind]kind{
		unstable.String: stringValue, unstable.Integer: integerValue, unstable.Float: floatValue, unstable.Bool: booleanValue, unstable.LocalDate: dateValue,
		unstable.Array: arrayValue, unstable.InlineTable: tableValue,
	}
	if known, ok := kinds[k]; ok {
		return known
	}
	return otherValue
}
