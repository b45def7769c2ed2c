package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/engine"
)

// today is the day of the tests.
func today() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }

// options are those of a machine with three users and the real engine.
func options() config.Options {
	return config.Options{Caps: engine.Caps(), Now: today(), LookupUser: func(name string) (int, error) {
		users := map[string]int{"root": 0, "www-data": 33, "alice": 1000}
		if uid, ok := users[name]; ok {
			return uid, nil
		}
		return 0, fmt.Errorf("no user %q", name)
	}}
}

// machine is a directory with the files of a policy, by their names in it.
func machine(t *testing.T, files map[string]string) (config.Options, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	o := options()
	o.File = filepath.Join(dir, "etc/policy.toml")
	o.SystemCryptoPolicies = filepath.Join(dir, "gnutls.config")
	for _, d := range []string{"etc", "run", "lib"} {
		o.Dirs = append(o.Dirs, filepath.Join(dir, d, "policy.d"))
	}
	return o, dir
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
