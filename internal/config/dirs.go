package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/internal/policy"
)

// dropInsMax bounds the drop-ins of a policy.
const dropInsMax = 4096

// dropIns finds the files *.toml of the directories by the rules of systemd.unit(5): those of all directories are
// sorted by name; of several with a name, the one in the directory of highest precedence counts; when that is a link
// to /dev/null, none does. A directory that is not there has no files.
func dropIns(dirs []string) ([]string, []policy.Problem) {
	byName := map[string]string{}
	var problems []policy.Problem
	for _, dir := range dirs {
		entries, err := list(dir)
		if err != nil {
			problems = append(problems, policy.Problem{Source: policy.Source{File: dir}, Text: err.Error()})
		}
		for _, e := range entries {
			if _, masked := byName[e.Name()]; !masked && strings.HasSuffix(e.Name(), ".toml") {
				byName[e.Name()] = filepath.Join(dir, e.Name())
			}
		}
	}
	if len(byName) > dropInsMax {
		problems = append(problems, policy.Problem{Source: policy.Source{File: dirs[0]}, Text: "there are too many drop-ins"})
		return nil, problems
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if target, err := os.Readlink(byName[name]); err != nil || target != os.DevNull {
			files = append(files, byName[name])
		}
	}
	return files, problems
}

// list reads a directory in which only the administrator can put files.
func list(dir string) ([]fs.DirEntry, error) {
	w := walk{trusted: trusted()}
	real, err := w.file(dir)
	if err == nil {
		err = w.directory(real, true)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return os.ReadDir(real)
}
