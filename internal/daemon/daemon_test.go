package daemon

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// base is a directory with a short path.
func base(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func TestRuntimeDir(t *testing.T) {
	name := "ssa-" + strconv.Itoa(os.Geteuid())
	for _, row := range []struct {
		name    string
		prepare func(t *testing.T, dir string) error
		taken   bool
	}{
		{"ok made", func(*testing.T, string) error { return nil }, true},
		{"ok there already", func(_ *testing.T, dir string) error { return os.Mkdir(dir, 0o700) }, true},
		{"bad others can enter", func(_ *testing.T, dir string) error {
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return os.Chmod(dir, 0o711)
		}, false},
		{"bad a symbolic link", func(t *testing.T, dir string) error { return os.Symlink(base(t), dir) }, false},
		{"bad a file", func(_ *testing.T, dir string) error { return os.WriteFile(dir, nil, 0o600) }, false},
		{"bad somebody else's", func(t *testing.T, dir string) error {
			testutil.Require(t, testutil.Root())
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return os.Chown(dir, 65534, 65534)
		}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			top := base(t)
			want := filepath.Join(top, name)
			if err := row.prepare(t, want); err != nil {
				t.Fatal(err)
			}
			t.Setenv("XDG_RUNTIME_DIR", top)
			got, err := runtimeDir()
			if err != nil || (got == want) != row.taken {
				t.Fatalf("got %s and %v; %s is taken: want %v", got, err, want, row.taken)
			}
			if err := linux.PrivateDir(got); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRuntimeDirHasRoomForANameOfASocket(t *testing.T) {
	top := filepath.Join(base(t), strings.Repeat("long", 20))
	if err := os.Mkdir(top, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{top, "relative", ""} {
		t.Setenv("XDG_RUNTIME_DIR", dir)
		if got, err := runtimeDir(); err != nil || strings.HasPrefix(got, top) || !filepath.IsAbs(got) {
			t.Errorf("with XDG_RUNTIME_DIR=%s: got %s and %v", dir, got, err)
		}
	}
}
