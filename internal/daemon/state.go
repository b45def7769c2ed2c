package daemon

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/securesocketapi/ssa/internal/linux"
)

// The keys of the state directory. They outlive the daemon: that of proofs of identity, so that supervisors need not
// introduce their programs again, some of which have ended; that of sessions, so that these can be resumed.
const (
	identityKey = "identity.key"
	sessionKey  = "session.key"
)

// personalDir is where an embedded service keeps what outlives it, as the XDG Base Directory Specification has it. It is
// made when something is first kept there.
func personalDir() (string, error) {
	base := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(base) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".local", "state")
	}
	dir := filepath.Join(base, "ssa")
	return dir, ours(dir)
}

// ours refuses a directory that is, or would be made, in another user's: HOME may be whoever's it was before setuid.
func ours(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case err == nil && linux.Owner(info) == os.Geteuid():
			return nil
		case err == nil:
			return fmt.Errorf("keep something in %s: %s is of uid %d, and this is uid %d", dir, at, linux.Owner(info), os.Geteuid())
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("keep something in %s: %w", dir, err)
		}
	}
}

// stateKeySize is the size in bytes of each.
const stateKeySize = 32

// stateKey reads a key from the state directory, or makes it.
func stateKey(dir, name string) ([]byte, error) {
	path := filepath.Join(dir, name)
	key, err := os.ReadFile(path)
	if err == nil && len(key) == stateKeySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read a key of the service: %w", err)
	}
	key = make([]byte, stateKeySize)
	_, _ = rand.Read(key) // documented never to fail
	if err := writeSecret(path, key); err != nil {
		return nil, fmt.Errorf("keep a key of the service: %w", err)
	}
	return key, nil
}

// writeSecret replaces a file that only this user can read, whole or not at all.
func writeSecret(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // once renamed it is not there
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
