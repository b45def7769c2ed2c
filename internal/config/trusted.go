package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/securesocketapi/ssa/internal/linux"
)

// linksMax bounds the symbolic links on the way to a file (path_resolution(7)).
const linksMax = 40

// Open opens a file of the administrator's: one that nobody but root, or the user this process runs as, can have
// written, put in place or replaced. Every directory and symbolic link on the way is looked at.
func Open(path string) (*os.File, error) {
	w := walk{trusted: trusted()}
	real, err := w.file(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(real)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = w.regular(real, info)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// read reads a whole file of the administrator's, of at most limit bytes.
func read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("the file is larger than %d bytes", limit)
	}
	return b, err
}

// walk follows a path as the kernel does and looks at each step.
type walk struct {
	trusted []int
	links   int
}

// trusted are the users whose files are believed.
func trusted() []int { return []int{0, os.Geteuid()} }

// errUntrusted is what Open refuses.
var errUntrusted = errors.New("not the administrator's alone")

// file gives the path of a file without symbolic links.
func (w *walk) file(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", fmt.Errorf("%s: the path is not absolute", path)
	}
	at, rest := "/", strings.Split(filepath.Clean(path), "/")[1:]
	for len(rest) > 0 {
		if err := w.directory(at, len(rest) == 1); err != nil {
			return "", err
		}
		next := filepath.Join(at, rest[0])
		info, err := os.Lstat(next)
		if err != nil {
			return "", err
		}
		if err := w.owner(next, info); err != nil {
			return "", err
		}
		at, rest = next, rest[1:]
		if info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if at, rest, err = w.link(next, rest); err != nil {
			return "", err
		}
	}
	return at, nil
}

// link goes on at the target of a symbolic link.
func (w *walk) link(path string, rest []string) (string, []string, error) {
	if w.links++; w.links > linksMax {
		return "", nil, fmt.Errorf("%s: more than %d symbolic links", path, linksMax)
	}
	target, err := os.Readlink(path)
	if err != nil {
		return "", nil, err
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	}
	return "/", append(strings.Split(filepath.Clean(target), "/")[1:], rest...), nil
}

// directory refuses one in which others can put or replace files. Above the last one a sticky bit is enough
// (inode(7)): others can add there, but not replace.
func (w *walk) directory(path string, last bool) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if err := w.owner(path, info); err != nil {
		return err
	}
	if info.Mode().Perm()&0o022 != 0 && (last || info.Mode()&fs.ModeSticky == 0) {
		return untrusted(path, info, "chmod go-w")
	}
	return nil
}

func (w *walk) owner(path string, info fs.FileInfo) error {
	if !slices.Contains(w.trusted, linux.Owner(info)) {
		return untrusted(path, info, "chown root")
	}
	return nil
}

func (w *walk) regular(path string, info fs.FileInfo) error {
	switch {
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s: is not a regular file", path)
	case info.Mode().Perm()&0o022 != 0:
		return untrusted(path, info, "chmod go-w")
	}
	return w.owner(path, info)
}

func untrusted(path string, info fs.FileInfo, cure string) error {
	return fmt.Errorf("%w: %s belongs to user %d and has mode %04o, so that others than root can change it; try: %s %s",
		errUntrusted, path, linux.Owner(info), info.Mode().Perm(), cure, path)
}
