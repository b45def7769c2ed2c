package pins

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
)

// FileName is the store's in the state directory.
const FileName = "pins"

// keptMax bounds the keys kept.
const keptMax = 1 << 16

// A Place is under what a key is kept: no user can pin for another.
type Place struct {
	UID  int
	Host string
	Port uint16
}

// Kept is a key with the time of the first connection.
type Kept struct {
	Pin   policy.Pin
	Since time.Time
}

// A Store is the keys of first connections, in a file of one line for each: user, host, port, key, time. It may be
// shared by processes: each reads it again when it has changed, and changes it under a lock.
type Store struct {
	path string

	mu sync.Mutex
	// read is the stamp of the file when it was read.
	read  string
	known map[Place]Kept
}

// NewStore makes a store in a directory; the file need not exist.
func NewStore(dir string) *Store { return &Store{path: filepath.Join(dir, FileName)} }

// Path is the file.
func (s *Store) Path() string { return s.path }

// Find is the key kept for a place.
func (s *Store) Find(p Place) (Kept, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(); err != nil {
		return Kept{}, false, err
	}
	k, ok := s.known[p]
	return k, ok, nil
}

// All is everything that is kept.
func (s *Store) All() (map[Place]Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refresh(); err != nil {
		return nil, err
	}
	all := make(map[Place]Kept, len(s.known))
	for p, k := range s.known {
		all[p] = k
	}
	return all, nil
}

// Learn keeps the first key of a place. Another one that is there already is an error.
func (s *Store) Learn(p Place, k Kept) error {
	if strings.ContainsFunc(p.Host, func(r rune) bool { return r <= ' ' || r >= 0x7f }) || p.Host == "" {
		return fmt.Errorf("keep the key of %q: that is no host name", p.Host)
	}
	if have, ok, err := s.Find(p); err == nil && ok && have.Pin == k.Pin {
		return nil
	}
	return s.change(func(known map[Place]Kept) error {
		have, ok := known[p]
		switch {
		case ok && have.Pin != k.Pin:
			return fmt.Errorf("keep the key of %s: it has got another one meanwhile", p.Host)
		case ok:
			return nil
		case len(known) >= keptMax:
			return fmt.Errorf("keep the key of %s: %d keys are kept already; ssa pins forget makes room", p.Host, keptMax)
		}
		known[p] = k
		return nil
	})
}

// Forget drops the keys of the places that match and says how many there were.
func (s *Store) Forget(match func(Place) bool) (n int, err error) {
	err = s.change(func(known map[Place]Kept) error {
		for p := range known {
			if match(p) {
				delete(known, p)
				n++
			}
		}
		return nil
	})
	return n, err
}

// refresh reads the file unless it is as it was.
func (s *Store) refresh() error {
	info, err := os.Stat(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		s.known, s.read = nil, ""
		return nil
	}
	if err != nil {
		return err
	}
	stamp := linux.FileStamp(info)
	if s.read == stamp {
		return nil
	}
	text, err := os.ReadFile(s.path)
	if err != nil {
		return err
	}
	known, err := parse(text)
	if err != nil {
		return fmt.Errorf("%s: %w", s.path, err)
	}
	s.known, s.read = known, stamp
	return nil
}

// change rewrites the file under the lock of all processes.
func (s *Store) change(edit func(map[Place]Kept) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return fmt.Errorf("keep keys of first connections: %w", err)
	}
	lock, err := os.OpenFile(s.path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("keep keys of first connections: %w", err)
	}
	defer func() { _ = lock.Close() }()
	if err := errors.Join(likeDir(lock), linux.Flock(lock)); err != nil {
		return err
	}
	s.read = ""
	if err := s.refresh(); err != nil {
		return err
	}
	if s.known == nil {
		s.known = map[Place]Kept{}
	}
	if err := edit(s.known); err != nil {
		return err
	}
	return replace(s.path, encode(s.known))
}

// likeDir gives a file to the owner of its directory, when root makes it for the daemon.
func likeDir(f *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	dir, err := os.Stat(filepath.Dir(f.Name()))
	if err != nil {
		return err
	}
	return f.Chown(linux.Owner(dir), -1)
}

// replace writes a file whole or not at all.
func replace(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".pins-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // once renamed it is not there
	_, err = f.Write(text)
	if err = errors.Join(err, likeDir(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

func encode(known map[Place]Kept) []byte {
	var lines []string
	for p, k := range known {
		lines = append(lines, fmt.Sprintf("%d %s %d %s %s", p.UID, p.Host, p.Port, k.Pin, k.Since.UTC().Format(time.RFC3339)))
	}
	slices.Sort(lines)
	if len(lines) == 0 {
		return nil
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// parse reads the file. One line that is wrong makes all of it so: a pin must not be lost silently.
func parse(text []byte) (map[Place]Kept, error) {
	known := map[Place]Kept{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		if len(known) >= keptMax {
			return nil, fmt.Errorf("more than %d lines", keptMax)
		}
		p, k, err := parseLine(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		known[p] = k
	}
	return known, lines.Err()
}

func parseLine(line string) (p Place, k Kept, err error) {
	words := strings.Fields(line)
	if len(words) != 5 {
		return p, k, fmt.Errorf("%d words, not 5", len(words))
	}
	port, err := strconv.ParseUint(words[2], 10, 16)
	if err != nil {
		return p, k, err
	}
	p = Place{Host: words[1], Port: uint16(port)}
	if p.UID, err = strconv.Atoi(words[0]); err != nil {
		return p, k, err
	}
	if k.Pin, err = policy.ParsePin(words[3]); err != nil {
		return p, k, err
	}
	k.Since, err = time.Parse(time.RFC3339, words[4])
	return p, k, err
}
