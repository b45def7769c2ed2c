// Package sealed keeps secrets in the files of a directory: sealed with a key, bounded in number, size and life. It must
// not know what the secrets are.
package sealed

import (
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// SecretMax bounds one secret, in bytes. A larger one is not kept.
const SecretMax = 256 << 10

// Config is what a Store is made of.
type Config struct {
	// Path is a directory of the store's own: whatever else is in it is removed. It is made when it is not there.
	Path string
	// Key seals, in 32 bytes. What was sealed with another is removed.
	Key []byte
	// Max bounds the secrets; one more costs the one used least recently its place.
	Max int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger gets a line when files cannot be written, once until one can; nil logs nothing.
	Logger *slog.Logger
}

// A Store keeps secrets by identifiers. It is safe for concurrent use. Two processes may have the same directory; each
// finds what was there when it opened the store, and what it has kept itself.
//
// The time of modification of a file is when its secret ends. It only decides what is removed without being read: the
// same time is sealed inside.
type Store struct {
	path   string
	cipher cipherOf
	max    int
	now    func() time.Time
	log    *slog.Logger
	broken atomic.Bool

	mu    sync.Mutex
	order *list.List
	at    map[string]*list.Element
}

// entry is a file, by its name.
type entry struct {
	name  string
	until time.Time
}

// Open opens a store. It reads the names of the files only.
func Open(c Config) (*Store, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	seal, err := newCipher(c.Key)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Path, 0o700); err != nil {
		return nil, fmt.Errorf("make a directory for secrets: %w", err)
	}
	if err := linux.PrivateDir(c.Path); err != nil {
		return nil, fmt.Errorf("keep secrets: %w", err)
	}
	s := &Store{
		path: c.Path, cipher: seal, max: c.Max, now: c.Now, log: c.Logger, order: list.New(), at: map[string]*list.Element{},
	}
	return s, s.scan()
}

// scan finds what was kept before. Names come in no particular order, so that it is not known which was used least.
func (s *Store) scan() error {
	files, err := os.ReadDir(s.path)
	if err != nil {
		return fmt.Errorf("read the directory of secrets: %w", err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			continue // gone meanwhile
		}
		if !info.Mode().IsRegular() || !s.cipher.named(f.Name()) {
			s.discard(f.Name())
			continue
		}
		s.discard(s.insert(entry{f.Name(), info.ModTime()})...)
	}
	s.Expire()
	return nil
}

// Put keeps a secret until a time. That it could not is logged: a store is to make things faster, and nothing fails
// for want of it.
func (s *Store) Put(id [32]byte, until time.Time, secret []byte) {
	if len(secret) > SecretMax || !s.now().Before(until) {
		return
	}
	name := s.cipher.name(id)
	err := s.write(name, until, s.cipher.seal(name, until, secret))
	if err != nil && !s.broken.Swap(true) {
		s.log.Warn("keep a secret for after a restart", "error", err)
	}
	if err == nil {
		s.broken.Store(false)
		s.discard(s.insert(entry{name, until})...)
	}
}

// write replaces a file whole or not at all. A crash of the machine may lose it, and then it is not what it says.
func (s *Store) write(name string, until time.Time, text []byte) error {
	f, err := os.CreateTemp(s.path, ".new-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Close(), os.Chtimes(f.Name(), time.Time{}, until))
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(s.path, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// Get gives a secret that has not ended. A file that is not what was put there is removed.
func (s *Store) Get(id [32]byte) (secret []byte, ok bool) {
	name := s.cipher.name(id)
	if !s.use(name) {
		return nil, false
	}
	text, err := s.read(name)
	if err == nil {
		var until time.Time
		if until, secret, err = s.cipher.open(name, text); err == nil && s.now().Before(until) {
			return secret, true
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.log.Warn("a file is not what was kept there; it is removed", "file", filepath.Join(s.path, name), "error", err)
	}
	s.Remove(id)
	return nil, false
}

func (s *Store) read(name string) ([]byte, error) {
	f, err := os.OpenInRoot(s.path, name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f)
}

// Remove forgets a secret.
func (s *Store) Remove(id [32]byte) {
	name := s.cipher.name(id)
	s.mu.Lock()
	s.drop(name)
	s.mu.Unlock()
	s.discard(name)
}

// Expire removes what has ended. Whoever has a store calls it from time to time.
func (s *Store) Expire() {
	now := s.now()
	var ended []string
	s.mu.Lock()
	for name, e := range s.at {
		if !now.Before(entryOf(e).until) {
			ended = append(ended, name)
		}
	}
	for _, name := range ended {
		s.drop(name)
	}
	s.mu.Unlock()
	s.discard(ended...)
}

// insert adds a name and gives those that have to make room.
func (s *Store) insert(e entry) (excess []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(e.name)
	s.at[e.name] = s.order.PushFront(e)
	for s.order.Len() > s.max {
		last := entryOf(s.order.Back()).name
		s.drop(last)
		excess = append(excess, last)
	}
	return excess
}

// use says whether a name is there, and counts it as used.
func (s *Store) use(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.at[name]
	if ok {
		s.order.MoveToFront(e)
	}
	return ok
}

// drop forgets a name; mu is held.
func (s *Store) drop(name string) {
	if e, ok := s.at[name]; ok {
		s.order.Remove(e)
		delete(s.at, name)
	}
}

// discard removes files. One that is not there is what is wanted, and a directory is nobody's secret.
func (s *Store) discard(names ...string) {
	for _, name := range names {
		_ = os.Remove(filepath.Join(s.path, name))
	}
}

// entryOf reads a list element, which holds nothing but entries.
func entryOf(e *list.Element) entry {
	v, _ := e.Value.(entry)
	return v
}
