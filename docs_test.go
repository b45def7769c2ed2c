package ssa_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// The manuals are compared with the option table, the errno table and the command tree; ARCHITECTURE.md and
// CONTRIBUTING.md with the tree of files and the names declared in it.

const (
	commandManual = "man/ssa.1"
	socketManual  = "man/tls_socket.7"
)

// manual is a manual page as text: requests and escapes for fonts are gone, words are as a reader sees them.
func manual(t *testing.T, path string) string {
	t.Helper()
	escapes := strings.NewReplacer(`\-`, "-", `\fB`, "", `\fI`, "", `\fR`, "", `\(dq`, `"`, `\(bu`, "*", `"`, "")
	requests, spaces := regexp.MustCompile(`(?m)^\.[A-Z]{1,2} ?`), regexp.MustCompile(` +`)
	return spaces.ReplaceAllString(escapes.Replace(requests.ReplaceAllString(read(t, path), "")), " ")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// says is whether a text has a word that is not part of another.
func says(text, word string) bool {
	return regexp.MustCompile(`(^|[^\w-])` + regexp.QuoteMeta(word) + `($|[^\w-])`).MatchString(text)
}

func TestManualHasEveryOption(t *testing.T) {
	text := manual(t, socketManual)
	for _, o := range abi.Options() {
		at := strings.Index(text, fmt.Sprintf("%s (%d)\n", o.Name, o.Option))
		if at < 0 {
			t.Errorf("%s has no entry %q", socketManual, fmt.Sprintf("%s (%d)", o.Name, o.Option))
			continue
		}
		entry, _, _ := strings.Cut(text[at:], ".")
		if want := directions(o); !strings.Contains(entry, want) {
			t.Errorf("%s, %s: (-want +got)\n- %s\n+ %s", socketManual, o.Name, want, entry)
		}
	}
}

// directions is how an entry begins after its name.
func directions(o abi.Info) string {
	form := map[abi.Form]string{abi.Text: "string", abi.PEM: "path or PEM", abi.Int: "int", abi.ID: "64-bit unsigned integer"}[o.Form]
	var words []string
	if o.Set != abi.Never {
		words = append(words, "set")
	}
	if o.Get != abi.Never {
		words = append(words, "get")
	}
	if o.Set == abi.Never && o.Get == abi.Connected {
		words = append(words, "connected")
	}
	if o.Set == abi.Never && o.Form == abi.PEM {
		form = "PEM"
	}
	return strings.Join(words, ", ") + "; " + form
}

// Errors that no program sees: the kernel's own number for a restart, and a task that is gone.
func unseen() []string { return []string{"ERESTARTSYS", "ESRCH"} }

func TestManualHasEveryErrno(t *testing.T) {
	text := manual(t, socketManual)
	files, err := filepath.Glob("internal/syscalls/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("find internal/syscalls: %v", err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		for _, e := range errnos(t, path) {
			if !slices.Contains(unseen(), e) && !says(text, e) {
				t.Errorf("%s does not say when a program sees %s (%s)", socketManual, e, path)
			}
		}
	}
}

func TestManualHasEveryDiagnosis(t *testing.T) {
	const source = "internal/launch/diagnose.go"
	_, text, _ := strings.Cut(manual(t, commandManual), "DIAGNOSTICS\n")
	for _, e := range errnos(t, source) {
		if !says(text, e) {
			t.Errorf("DIAGNOSTICS of %s lacks %s (%s)", commandManual, e, source)
		}
	}
	for _, m := range regexp.MustCompile(`fmt\.Errorf\("([^%]*): %w`).FindAllStringSubmatch(read(t, source), -1) {
		if !strings.Contains(text, m[1]) {
			t.Errorf("DIAGNOSTICS of %s lacks the message %q", commandManual, m[1])
		}
	}
}

// errnos are the error numbers that a file names.
func errnos(t *testing.T, path string) []string {
	t.Helper()
	var found []string
	ast.Inspect(parse(t, path), func(n ast.Node) bool {
		s, ok := n.(*ast.SelectorExpr)
		if ok && fmt.Sprint(s.X) == "linux" && regexp.MustCompile(`^E[A-Z0-9]+$`).MatchString(s.Sel.Name) {
			found = append(found, s.Sel.Name)
		}
		return true
	})
	return found
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestManualHasEveryCommand(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ssa")
	build := exec.Command("go", "build", "-o", path, "./cmd/ssa")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	checkCommand(t, manual(t, commandManual), path, nil)
}

var (
	commandLine = regexp.MustCompile(`(?m)^  (\w+) +\w`)
	flagLine    = regexp.MustCompile(`(?m)^ {2,6}(?:(-\w), )?(--[\w-]+)`)
)

// checkCommand compares the help of a command, and of those below it, with the manual.
func checkCommand(t *testing.T, text, path string, words []string) {
	t.Helper()
	name := strings.Join(append([]string{"ssa"}, words...), " ")
	if !says(text, name) {
		t.Errorf("%s lacks %q", commandManual, name)
	}
	out, err := exec.Command(path, append(slices.Clone(words), "--help")...).Output()
	if err != nil {
		t.Fatalf("%s --help: %v", name, err)
	}
	help := string(out)
	for _, m := range flagLine.FindAllStringSubmatch(help, -1) {
		for _, flag := range m[1:] {
			if flag != "" && !says(text, flag) {
				t.Errorf("%s lacks the flag %s of %q", commandManual, flag, name)
			}
		}
	}
	_, list, _ := strings.Cut(help, "Available Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	for _, m := range commandLine.FindAllStringSubmatch(list, -1) {
		checkCommand(t, text, path, append(slices.Clone(words), m[1]))
	}
}

func TestManualsFormatCleanly(t *testing.T) {
	testutil.Require(t, testutil.Program("groff"))
	pages, err := filepath.Glob("man/*.[0-9]")
	if err != nil || len(pages) < 2 {
		t.Fatalf("found the manuals %v, %v", pages, err)
	}
	for _, page := range pages {
		out, err := exec.Command("groff", "-man", "-Tutf8", "-ww", "-z", page).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("groff %s: %v\n%s", page, err, out)
		}
	}
}

// names holds what is declared in the packages of the tree: "Decl", "Type.Method", "Type.field"; and the
// expressions of constants.
type names map[string]map[string]string

func declared(t *testing.T) names {
	t.Helper()
	all := names{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		f := parse(t, path)
		if all[f.Name.Name] == nil {
			all[f.Name.Name] = map[string]string{}
		}
		for _, d := range f.Decls {
			all.declare(f.Name.Name, d)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (n names) declare(pkg string, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		n[pkg][receiver(d)+d.Name.Name] = ""
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			n.specify(pkg, spec)
		}
	}
}

// receiver is "Type." for a method of Type.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	return fmt.Sprint(typ) + "."
}

func (n names) specify(pkg string, spec ast.Spec) {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		n[pkg][s.Name.Name] = ""
		for _, member := range members(s.Type) {
			n[pkg][s.Name.Name+"."+member] = ""
		}
	case *ast.ValueSpec:
		for i, name := range s.Names {
			n[pkg][name.Name] = ""
			if i < len(s.Values) {
				n[pkg][name.Name] = expression(s.Values[i])
			}
		}
	}
}

func members(typ ast.Expr) (found []string) {
	var fields *ast.FieldList
	switch typ := typ.(type) {
	case *ast.StructType:
		fields = typ.Fields
	case *ast.InterfaceType:
		fields = typ.Methods
	default:
		return nil
	}
	for _, f := range fields.List {
		for _, name := range f.Names {
			found = append(found, name.Name)
		}
	}
	return found
}

func expression(e ast.Expr) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), e); err != nil {
		return err.Error()
	}
	return b.String()
}

func (n names) has(name string) bool {
	pkg, rest, _ := strings.Cut(name, ".")
	_, ok := n[pkg][rest]
	return ok
}

var (
	quoted     = regexp.MustCompile("`([^`]+)`")
	identifier = regexp.MustCompile(`^[a-z]\w*(\.\w+)+$`)
	command    = regexp.MustCompile(`^(ssa|go|make|git) [a-z]`)
	upper      = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
	limitRow   = regexp.MustCompile("(?m)^\\| (.*) \\| `(.*)` \\| `(\\w+)\\.(\\w+)` \\| `(.*)` \\|$")
)

func TestDocumentsNameWhatExists(t *testing.T) {
	all := declared(t)
	for _, path := range []string{"ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text := limitRow.ReplaceAllString(fences(read(t, path)), "`$3.$4` `$5`")
		for _, m := range quoted.FindAllStringSubmatch(text, -1) {
			if why := wrong(all, m[1]); why != "" {
				t.Errorf("%s: %s: %s", path, m[1], why)
			}
		}
	}
}

// fences takes blocks of code out.
func fences(text string) string {
	return regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(text, "")
}

// wrong says what is wrong with a word in backticks, nothing when it names something that exists.
func wrong(all names, word string) string {
	if found, err := filepath.Glob(word); err == nil && len(found) > 0 {
		return ""
	}
	switch {
	case strings.Contains(word, "/") && !strings.Contains(word, " "):
		return "no such file"
	case identifier.MatchString(word) && !all.has(word):
		return "no such identifier"
	case identifier.MatchString(word), command.MatchString(word), upper.MatchString(word):
		return ""
	}
	return "neither a file, nor an identifier with its package, nor a command: write it without backticks"
}

func TestArchitectureLimits(t *testing.T) {
	all := declared(t)
	rows := limitRow.FindAllStringSubmatch(read(t, "ARCHITECTURE.md"), -1)
	if len(rows) < 40 {
		t.Errorf("found %d rows of limits, want at least 40", len(rows))
	}
	for _, row := range rows {
		what, want, pkg, name, path := row[1], row[2], row[3], row[4], row[5]
		if got := all[pkg][name]; got != want {
			t.Errorf("%s (%s.%s): (-document +code)\n- %s\n+ %s", what, pkg, name, want, got)
		}
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(read(t, path)) {
			t.Errorf("%s: %s.%s is not in %s", what, pkg, name, path)
		}
	}
}
