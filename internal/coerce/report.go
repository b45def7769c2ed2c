package coerce

import (
	"debug/elf"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Report is what is known about a program before it runs.
type Report struct {
	Program string `json:"program"`
	// Dynamic is whether the dynamic linker loads it, without which no library can be put in place.
	Dynamic bool `json:"dynamic"`
	// Libraries are those for TLS among what it needs, such as libssl.so.3.
	Libraries []string `json:"libraries"`
	// Through are the files that import functions of a library that has a shim: the program itself or libraries it needs.
	Through []string `json:"through"`
	// Functions are those imported functions, by class.
	Functions map[Class][]string `json:"functions"`
	// Loads is whether it can load libraries while it runs, which cannot be foreseen.
	Loads bool `json:"loads"`
	// Setuid is whether it gains rights when it is executed; then the linker preloads nothing.
	Setuid bool `json:"setuid"`

	shims []*Shim
}

// tlsLibraries are the beginnings of the names of libraries that do TLS.
func tlsLibraries() []string {
	return []string{"libssl.so", "libgnutls.so", "libssl3.so", "libmbedtls.so", "libwolfssl.so"}
}

// Inspect reads a program and the libraries it needs.
func Inspect(path string, shims ...*Shim) (*Report, error) {
	r := &Report{Program: path, Libraries: []string{}, Through: []string{}, Functions: map[Class][]string{}, shims: shims}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r.Setuid = info.Mode()&(fs.ModeSetuid|fs.ModeSetgid) != 0
	w := walk{report: r, seen: map[string]bool{}, functions: map[string]Class{}}
	if err := w.object(path); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(w.functions)) {
		c := w.functions[name]
		r.Functions[c] = append(r.Functions[c], name)
	}
	slices.Sort(r.Libraries)
	return r, nil
}

// walk goes through a program and what it needs.
type walk struct {
	report    *Report
	seen      map[string]bool
	functions map[string]Class
}

// objectsMax bounds the libraries that are looked at.
const objectsMax = 1024

func (w *walk) object(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("read %s as an ELF file (a script is none: check its interpreter): %w", path, err)
	}
	defer func() { _ = f.Close() }()
	needed, err := f.ImportedLibraries()
	if len(w.seen) == 0 {
		w.report.Dynamic = err == nil && (len(needed) > 0 || f.Section(".interp") != nil)
	}
	w.seen[path] = true
	w.imports(path, f)
	dirs := append(runpath(path, f), searched()...)
	for _, name := range needed {
		w.library(name)
		file := find(name, dirs)
		if file == "" || w.seen[file] || isTLS(name) || len(w.seen) > objectsMax {
			continue
		}
		if err := w.object(file); err != nil {
			return err
		}
	}
	return nil
}

// imports notes what a file has of libraries that have a shim.
func (w *walk) imports(path string, f *elf.File) {
	symbols, _ := f.ImportedSymbols()
	through := false
	for _, s := range symbols {
		if shim := w.report.shim(s.Library); shim != nil {
			w.functions[s.Name] = shim.Class(s.Name)
			through = true
		}
		w.report.Loads = w.report.Loads || s.Name == "dlopen" && len(w.seen) == 1
	}
	if through {
		w.report.Through = append(w.report.Through, path)
	}
}

// shim is the one for a library, nil when there is none.
func (r *Report) shim(library string) *Shim {
	i := slices.IndexFunc(r.shims, func(s *Shim) bool { return strings.HasPrefix(library, s.library) })
	if i < 0 {
		return nil
	}
	return r.shims[i]
}

func isTLS(name string) bool {
	return slices.ContainsFunc(tlsLibraries(), func(p string) bool { return strings.HasPrefix(name, p) })
}

func (w *walk) library(name string) {
	if isTLS(name) && !slices.Contains(w.report.Libraries, name) {
		w.report.Libraries = append(w.report.Libraries, name)
	}
}

// runpath are the directories that a file itself names.
func runpath(path string, f *elf.File) []string {
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RUNPATH, elf.DT_RPATH} {
		list, _ := f.DynString(tag)
		for _, l := range list {
			dirs = append(dirs, strings.Split(strings.ReplaceAll(l, "$ORIGIN", filepath.Dir(path)), ":")...)
		}
	}
	return dirs
}

func find(name string, dirs []string) string {
	for _, d := range dirs {
		path := filepath.Join(d, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path
		}
	}
	return ""
}

// searched are the directories of the dynamic linker (ld.so(8)), as its configuration has them.
func searched() []string {
	dirs := configured("/etc/ld.so.conf", 0)
	return append(dirs, "/lib64", "/usr/lib64", "/lib", "/usr/lib")
}

func configured(path string, depth int) []string {
	text, err := os.ReadFile(path)
	if err != nil || depth > 4 {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
		if pattern, ok := strings.CutPrefix(line, "include "); ok {
			files, _ := filepath.Glob(strings.TrimSpace(pattern))
			for _, f := range files {
				dirs = append(dirs, configured(f, depth+1)...)
			}
		} else if line != "" {
			dirs = append(dirs, line)
		}
	}
	return dirs
}

// Covered says whether the program's TLS is brought under the policy, and in words what to expect.
func (r *Report) Covered() (bool, string) {
	known := slices.ContainsFunc(r.Libraries, func(n string) bool { return r.shim(n) != nil })
	switch {
	case !r.Dynamic:
		return false, "not coerced: it is linked statically, or is no program; what it does by itself cannot be replaced"
	case r.Setuid:
		return false, "not coerced: it is setuid or setgid, so that the dynamic linker preloads nothing"
	case !known && len(r.Libraries) > 0:
		return false, "not coerced: it does TLS by " + strings.Join(r.Libraries, ", ")
	case !known && r.Loads:
		return false, "cannot be foreseen: it loads libraries while it runs; check those that import libssl or libgnutls"
	case !known:
		return false, "not coerced: it has no TLS library"
	case len(r.Functions[Refused]) > 0:
		return true, "coerced; a connection that needs a refused function fails, or does without where the profile says best-effort"
	}
	return true, "coerced"
}
