package sealed_test

import (
	"bytes"
	"crypto/sha256"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/sealed"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// begun is when the tests take place.
func begun() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) }

func id(name string) [32]byte { return sha256.Sum256([]byte(name)) }

func key(b byte) []byte { return bytes.Repeat([]byte{b}, sealed.KeySize) }

// shelf is a directory of secrets and a clock.
type shelf struct {
	t    testing.TB
	path string
	now  time.Time
	log  bytes.Buffer
}

func newShelf(t testing.TB) *shelf {
	return &shelf{t: t, path: filepath.Join(t.TempDir(), "secrets"), now: begun()}
}

// open opens a store, as after a restart.
func (s *shelf) open(key []byte, max int) *sealed.Store {
	s.t.Helper()
	store, err := sealed.Open(sealed.Config{
		Path: s.path, Key: key, Max: max, Now: func() time.Time { return s.now }, Logger: slog.New(slog.NewTextHandler(&s.log, nil)),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return store
}

// files are the paths of all files.
func (s *shelf) files() []string {
	s.t.Helper()
	list, err := filepath.Glob(filepath.Join(s.path, "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	hidden, err := filepath.Glob(filepath.Join(s.path, ".*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return append(list, hidden...)
}

func (s *shelf) want(store *sealed.Store, name, secret string) {
	s.t.Helper()
	got, ok := store.Get(id(name))
	if ok != (secret != "") || string(got) != secret {
		s.t.Errorf("%s: got %q and %v, want %q", name, got, ok, secret)
	}
}

func (s *shelf) wantFiles(n int) {
	s.t.Helper()
	if got := s.files(); len(got) != n {
		s.t.Errorf("%d files, want %d: %v", len(got), n, got)
	}
}

func TestSecretsOutliveAStore(t *testing.T) {
	s := newShelf(t)
	store := s.open(key(1), 10)
	store.Put(id("a"), s.now.Add(time.Hour), []byte("first"))
	store.Put(id("a"), s.now.Add(time.Hour), []byte("second"))
	store.Put(id("b"), s.now.Add(time.Minute), []byte("short"))
	s.want(store, "a", "second")
	s.want(store, "c", "")

	store = s.open(key(1), 10)
	s.want(store, "a", "second")
	s.want(store, "b", "short")
	s.now = s.now.Add(time.Minute)
	s.want(store, "b", "")
	s.wantFiles(1)
	store.Remove(id("a"))
	s.want(store, "a", "")
	s.wantFiles(0)
	if s.log.Len() > 0 {
		t.Errorf("logged: %s", s.log.String())
	}
}

func TestNothingReadableInFiles(t *testing.T) {
	s := newShelf(t)
	store := s.open(key(1), 10)
	store.Put(id("www.example.org"), s.now.Add(time.Hour), []byte("the secret of a session"))
	for _, f := range s.files() {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("secret")) {
			t.Errorf("%s: %q", f, text)
		}
		info, err := os.Stat(f)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	s.wantFiles(1)
}

func TestExpiredSecretsAreRemoved(t *testing.T) {
	s := newShelf(t)
	store := s.open(key(1), 10)
	store.Put(id("ended"), s.now, []byte("x"))
	s.wantFiles(0)
	store.Put(id("short"), s.now.Add(time.Minute), []byte("x"))
	store.Put(id("long"), s.now.Add(time.Hour), []byte("y"))
	s.now = s.now.Add(time.Minute)
	store.Expire()
	s.wantFiles(1)
	s.now = s.now.Add(time.Hour)
	s.open(key(1), 10)
	s.wantFiles(0)
}

func TestSecretsAreBounded(t *testing.T) {
	s := newShelf(t)
	store := s.open(key(1), 2)
	for _, name := range []string{"a", "b"} {
		store.Put(id(name), s.now.Add(time.Hour), []byte(name))
	}
	s.want(store, "a", "a")
	store.Put(id("c"), s.now.Add(time.Hour), []byte("c"))
	s.want(store, "b", "")
	s.want(store, "a", "a")
	s.wantFiles(2)
	store.Put(id("large"), s.now.Add(time.Hour), make([]byte, sealed.SecretMax+1))
	s.wantFiles(2)
	s.open(key(1), 1)
	s.wantFiles(1)
}

// What is not as it was put there is not given, and goes.
func TestTamperedSecrets(t *testing.T) {
	for name, tamper := range map[string]func(t *testing.T, path string) error{
		"bad changed": func(t *testing.T, path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text[len(text)/2] ^= 1
			return os.WriteFile(path, text, 0o600)
		},
		"bad cut short": func(_ *testing.T, path string) error { return os.Truncate(path, 20) },
		"bad empty":     func(_ *testing.T, path string) error { return os.Truncate(path, 0) },
		"bad too large": func(_ *testing.T, path string) error { return os.Truncate(path, sealed.SecretMax*2) },
		"bad kept beyond its end": func(_ *testing.T, path string) error {
			return os.Chtimes(path, time.Time{}, begun().Add(48*time.Hour))
		},
		"bad link": func(t *testing.T, path string) error {
			other := filepath.Join(t.TempDir(), "other")
			if err := os.Rename(path, other); err != nil {
				t.Fatal(err)
			}
			return os.Symlink(other, path)
		},
		"bad put under another name": func(t *testing.T, path string) error {
			list, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
			if err != nil || len(list) != 2 {
				t.Fatal(list, err)
			}
			for _, other := range list {
				if other != path {
					return os.Rename(other, path)
				}
			}
			return os.ErrNotExist
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf(t)
			store := s.open(key(1), 10)
			store.Put(id("a"), s.now.Add(time.Hour), []byte("secret"))
			path := s.files()[0]
			store.Put(id("b"), s.now.Add(time.Hour), []byte("other"))
			if err := tamper(t, path); err != nil {
				t.Fatal(err)
			}
			if name == "bad kept beyond its end" {
				s.now = s.now.Add(time.Hour)
			}
			s.want(s.open(key(1), 10), "a", "")
			if _, err := os.Lstat(path); err == nil {
				t.Error("the file is still there")
			}
		})
	}
}

func TestForeignFiles(t *testing.T) {
	s := newShelf(t)
	s.open(key(1), 10).Put(id("a"), s.now.Add(time.Hour), []byte("secret"))
	for _, name := range []string{"notes.txt", ".new-1", "00.v1"} {
		if err := os.WriteFile(filepath.Join(s.path, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.want(s.open(key(1), 10), "a", "secret")
	s.wantFiles(1)
	other := s.open(key(2), 10)
	s.want(other, "a", "")
	other.Put(id("a"), s.now.Add(time.Hour), []byte("with another key"))
	s.want(other, "a", "with another key")
}

func TestDirectoryOfSecrets(t *testing.T) {
	s := newShelf(t)
	if err := os.Mkdir(s.path, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := sealed.Open(sealed.Config{Path: s.path, Key: key(1), Max: 1}); err == nil {
		t.Error("a directory that others can enter is used")
	}
	if _, err := sealed.Open(sealed.Config{Path: filepath.Join(s.path, "own"), Key: []byte("short"), Max: 1}); err == nil {
		t.Error("a short key is used")
	}
}

// A store that cannot write fails nobody, and says so once.
func TestUnwritableDirectory(t *testing.T) {
	s := newShelf(t)
	store := s.open(key(1), 10)
	if err := os.Remove(s.path); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		store.Put(id(name), s.now.Add(time.Hour), []byte("secret"))
	}
	s.want(store, "a", "")
	if got := bytes.Count(s.log.Bytes(), []byte("keep a secret")); got != 1 {
		t.Errorf("said %d times, want 1:\n%s", got, s.log.String())
	}
}

// FuzzFile checks that no content of a file but its own is taken for a secret.
func FuzzFile(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 36))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newShelf(t)
		store := s.open(key(1), 10)
		store.Put(id("a"), s.now.Add(time.Hour), []byte("secret"))
		path := s.files()[0]
		own, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, ok := store.Get(id("a")); ok && !bytes.Equal(text, own) {
			t.Errorf("%q is taken for %q", text, got)
		}
	})
}
