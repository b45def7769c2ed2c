// Package unit reads what systemd knows of a service from its unit files, and writes the drop-in that starts the service
// under ssa run (systemd.unit(5), systemd.service(5)). It reads and writes files below a root directory alone: it asks no
// service manager and starts nothing.
//
//  1. Find looks for the unit's file and its drop-ins by systemd's order (search.go).
//  2. They are parsed and put on top of each other (parse.go, service.go).
//  3. Service.DropIn rewrites each ExecStart, or says why that cannot work (dropin.go).
package unit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// directories are where systemd looks for units of the system, highest precedence first (systemd.unit(5), "Unit File Load
// Path").
func directories() []string {
	return []string{
		"/etc/systemd/system.control", "/run/systemd/system.control", "/run/systemd/transient", "/run/systemd/generator.early",
		"/etc/systemd/system", "/etc/systemd/system.attached", "/run/systemd/system", "/run/systemd/system.attached",
		"/run/systemd/generator", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system",
		"/run/systemd/generator.late",
	}
}

// fileMax bounds a unit file, in bytes (systemd's own bound for a line).
const fileMax = 1 << 20

// suffix is that of the units there is something to do for.
const suffix = ".service"

// Name is the whole name of a service.
func Name(name string) (string, error) {
	if !strings.Contains(name, ".") {
		name += suffix
	}
	if strings.ContainsAny(name, "/ \t\n") || strings.HasPrefix(name, ".") || name == suffix {
		return "", fmt.Errorf("%q is not the name of a unit", name)
	}
	if !strings.HasSuffix(name, suffix) {
		return "", fmt.Errorf("%s is no service: only a service has programs to start under ssa run", name)
	}
	return name, nil
}

// source is a file with its text.
type source struct{ path, text string }

// ErrMasked is a unit that has been masked: it cannot be started.
var ErrMasked = errors.New("the unit is masked")

// fragment finds the unit's own file.
func fragment(root, name string) (source, error) {
	names := []string{name}
	if t := template(name); t != "" {
		names = append(names, t)
	}
	for _, n := range names {
		for _, dir := range directories() {
			s, err := read(root, filepath.Join(dir, n), n)
			if !errors.Is(err, fs.ErrNotExist) {
				return s, err
			}
		}
	}
	return source{}, fmt.Errorf("there is no unit %s", name)
}

// template is the name of the template of an instance, empty when the unit is none.
func template(name string) string {
	before, after, ok := strings.Cut(name, "@")
	if !ok || after == suffix {
		return ""
	}
	return before + "@" + suffix
}

// linksMax bounds the links on the way to a unit's file.
const linksMax = 8

// read reads a file below root. Links lead to places below root too. One to another name says that the unit is an alias.
func read(root, path, name string) (source, error) {
	for range linksMax {
		target, err := os.Readlink(filepath.Join(root, path))
		if err != nil {
			break // no link
		}
		if target == os.DevNull {
			return source{}, ErrMasked
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		if filepath.Base(target) != name && name != "" && filepath.Base(target) != template(name) {
			return source{}, fmt.Errorf("%s is an alias of %s: use that name", name, filepath.Base(target))
		}
		path = target
	}
	f, err := os.Open(filepath.Join(root, path))
	if err != nil {
		return source{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return source{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > fileMax {
		return source{}, fmt.Errorf("%s is no file, or larger than %d bytes", path, fileMax)
	}
	if info.Size() == 0 && name != "" {
		return source{}, ErrMasked
	}
	text, err := io.ReadAll(io.LimitReader(f, fileMax))
	return source{path, string(text)}, err
}

// dropIns finds the drop-ins of a unit in the order in which they count: by name; of several with a name, that in the
// directory of highest precedence. The one with the name without is left out.
func dropIns(root, name, without string) ([]source, error) {
	byName := map[string]string{}
	for _, dir := range directories() {
		for _, d := range dropInDirs(name) {
			entries, err := os.ReadDir(filepath.Join(root, dir, d))
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, err
			}
			for _, e := range entries {
				if _, taken := byName[e.Name()]; !taken && strings.HasSuffix(e.Name(), ".conf") && e.Name() != without {
					byName[e.Name()] = filepath.Join(dir, d, e.Name())
				}
			}
		}
	}
	var all []source
	for _, n := range slices.Sorted(maps.Keys(byName)) {
		s, err := read(root, byName[n], "")
		if errors.Is(err, ErrMasked) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read a drop-in of %s: %w", name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// dropInDirs are the names of the directories with drop-ins: the unit's own, its template's, those of shorter names that
// end with a dash, and that of all services.
func dropInDirs(name string) []string {
	list := []string{name + ".d"}
	if t := template(name); t != "" {
		list = append(list, t+".d")
	}
	stem := strings.TrimSuffix(name, suffix)
	for i := len(stem) - 1; i > 0; i-- {
		if stem[i] == '-' && i < len(stem)-1 {
			list = append(list, stem[:i+1]+suffix+".d")
		}
	}
	return append(list, strings.TrimPrefix(suffix, ".")+".d")
}
