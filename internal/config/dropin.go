package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/securesocketapi/ssa/internal/policy"
)

// AdminDir is where an administrator's own drop-ins are.
const AdminDir = "/etc/ssa/policy.d"

// Create writes a new drop-in. A file that exists is left alone.
func Create(dir, name, text string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	return path, errors.Join(err, f.Close())
}

// SetMode sets the mode of a profile with a drop-in of its own, which sorts behind most others. What does not need a
// drop-in gets none. It returns the file it has written, empty when there was no need. The policy must be right
// before and after; otherwise nothing changes.
func SetMode(o Options, dir, name string, mode policy.Mode) (string, error) {
	if !validName(name) {
		return "", fmt.Errorf("%q is not the name of a profile", name)
	}
	path := filepath.Join(dir, "zz-mode-"+name+".toml")
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	existed := err == nil
	if current, err := modeOf(o, name); err != nil || current == mode && !existed {
		return "", err
	}
	written, err := changeMode(o, path, name, mode)
	if err != nil && existed {
		return "", errors.Join(err, replace(path, before))
	}
	if err != nil {
		_ = os.Remove(path)
	}
	return written, err
}

// changeMode removes our drop-in and, where that is not enough, writes it anew.
func changeMode(o Options, path, name string, mode policy.Mode) (string, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if current, err := modeOf(o, name); err == nil && current == mode {
		return "", nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	text := fmt.Sprintf("# Written by ssa profile %s %s.\n[profile.%q]\nmode = %q\n", mode, name, name, mode)
	if err := replace(path, []byte(text)); err != nil {
		return "", err
	}
	current, err := modeOf(o, name)
	if err == nil && current != mode {
		err = fmt.Errorf("the mode of profile %s is set by a file that sorts behind %s", name, path)
	}
	return path, err
}

func modeOf(o Options, name string) (policy.Mode, error) {
	r := Load(o)
	if err := r.Err(); err != nil {
		return 0, err
	}
	p := r.Policy.Profile(name)
	if p == nil {
		return 0, fmt.Errorf("no profile is called %q%s", name, meant(name, names(r.Policy)))
	}
	return p.Mode, nil
}

func names(p *policy.Policy) []string {
	var all []string
	for _, profile := range p.Profiles() {
		all = append(all, profile.Name)
	}
	return all
}

// replace writes a file so that nobody sees half of it.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".ssa-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
