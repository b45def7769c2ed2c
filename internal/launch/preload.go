package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// preloadVariable names the libraries that the dynamic linker loads before a program's own (ld.so(8)).
const preloadVariable = "LD_PRELOAD"

// FindLibrary is the path of a library of ours: beside this program, or where packages put it.
func FindLibrary(name string) (string, error) {
	self, err := os.Readlink(Self)
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	dir := filepath.Dir(strings.TrimSuffix(self, " (deleted)"))
	tried := []string{dir, filepath.Join(filepath.Dir(dir), "lib", "ssa"), "/usr/lib/ssa"}
	for _, d := range tried {
		path := filepath.Join(d, name)
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", fmt.Errorf("find %s: it is in none of %s", name, strings.Join(tried, ", "))
}

// Preload has the dynamic linker load libraries, separated by colons, into the program, and into what that starts, before any other. It
// has no effect on our own processes: it is kept under another name until the program is executed.
func Preload(libraries string) error {
	if before := os.Getenv(preloadVariable); before != "" {
		libraries += ":" + before
	}
	if err := os.Unsetenv(preloadVariable); err != nil {
		return err
	}
	return os.Setenv(saved+preloadVariable, libraries)
}
