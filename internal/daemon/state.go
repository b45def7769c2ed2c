package daemon

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// proofKeySize is the size in bytes of the key that proofs of identity are made with.
const proofKeySize = 32

// proofKey reads the key from the state directory, or makes it. It outlives the daemon, so that supervisors need not
// introduce their programs again, some of which have ended.
func proofKey(dir string) ([]byte, error) {
	path := filepath.Join(dir, "identity.key")
	key, err := os.ReadFile(path)
	if err == nil && len(key) == proofKeySize {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read the key for proofs of identity: %w", err)
	}
	key = make([]byte, proofKeySize)
	_, _ = rand.Read(key) // documented never to fail
	if err := writeSecret(path, key); err != nil {
		return nil, fmt.Errorf("keep the key for proofs of identity: %w", err)
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
