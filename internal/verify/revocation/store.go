package revocation

import (
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// What the cache may take: entries, and bytes as fetched. What was used longest ago makes room.
const (
	entriesMax = 4096
	bytesMax   = 64 << 20
)

// kept is a record with when a question last needed it.
type kept struct {
	*record
	used time.Time
}

// store keeps records in memory, and in a directory if there is one.
type store struct {
	dir string
	log *slog.Logger
	// disk is held while files change, so that memory need not be.
	disk sync.Mutex

	mu    sync.Mutex
	all   map[id]*kept
	bytes int
}

// suffix is that of the cache's files.
const suffix = ".rev"

// newStore reads the directory. What cannot be read or is not as it was signed is thrown away.
func newStore(dir string, log *slog.Logger) (*store, error) {
	s := &store{dir: dir, log: log, all: map[id]*kept{}}
	if dir == "" {
		return s, nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		s.load(filepath.Join(dir, e.Name()))
	}
	return s, nil
}

func (s *store) load(path string) {
	r, err := readEntry(path)
	if err == nil && (s.path(r.id()) != path || len(s.all) >= entriesMax || s.bytes+len(r.der) > bytesMax) {
		err = errors.New("it has another's name, or there is no room")
	}
	if err != nil {
		s.log.Warn("throw away a file of the revocation cache", "file", path, "reason", err)
		_ = os.Remove(path) // at worst it is thrown away the next time
		return
	}
	s.all[r.id()] = &kept{r, r.fetched}
	s.bytes += len(r.der)
}

func readEntry(path string) (*record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, int64(entryMax)+1))
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func (s *store) path(i id) string { return filepath.Join(s.dir, hex.EncodeToString(i[:])+suffix) }

// find is a record that a question needs, nil when there is none.
func (s *store) find(i id, now time.Time) *record {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.all[i]
	if k == nil {
		return nil
	}
	k.used = now
	return k.record
}

// keep takes a record in place of the older one, which it returns. One that was made before the one that is there is not
// taken: somebody may be showing an old one again.
func (s *store) keep(r *record) (older *record, taken bool) {
	older, gone, taken := s.replace(r)
	if s.dir == "" || !taken {
		return older, taken
	}
	s.disk.Lock()
	defer s.disk.Unlock()
	for _, i := range gone {
		_ = os.Remove(s.path(i)) // memory does not have it any more; what is left counts against no bound but at the next start
	}
	if err := s.write(r); err != nil {
		s.log.Warn("keep what was fetched about revocations", "error", err)
	}
	return older, true
}

func (s *store) replace(r *record) (older *record, gone []id, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, used := r.id(), r.fetched
	if k := s.all[i]; k != nil {
		if older, used = k.record, k.used; r.this.Before(older.this) {
			return older, nil, false
		}
		s.bytes -= len(older.der)
	}
	s.all[i] = &kept{r, used}
	s.bytes += len(r.der)
	return older, s.makeRoom(i), true
}

// makeRoom drops what was used longest ago until the rest fits; never what just came.
func (s *store) makeRoom(but id) (gone []id) {
	if len(s.all) <= entriesMax && s.bytes <= bytesMax {
		return nil
	}
	oldest := slices.SortedFunc(maps.Keys(s.all), func(a, b id) int { return s.all[a].used.Compare(s.all[b].used) })
	for _, i := range oldest {
		if i == but || len(s.all) <= entriesMax*9/10 && s.bytes <= bytesMax*9/10 {
			continue
		}
		s.bytes -= len(s.all[i].der)
		delete(s.all, i)
		gone = append(gone, i)
	}
	return gone
}

// write puts the file in place whole or not at all.
func (s *store) write(r *record) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(s.dir, ".new-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // once renamed it is not there
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), s.path(r.id()))
}

// forget drops what nobody has needed for so long that it is not refreshed, once it is out of date.
func (s *store) forget(now time.Time) {
	s.mu.Lock()
	var gone []id
	for i, k := range s.all {
		if now.After(k.next) && now.Sub(k.used) > idleTime {
			s.bytes -= len(k.der)
			delete(s.all, i)
			gone = append(gone, i)
		}
	}
	s.mu.Unlock()
	if s.dir == "" {
		return
	}
	s.disk.Lock()
	defer s.disk.Unlock()
	for _, i := range gone {
		_ = os.Remove(s.path(i)) // at worst it is read and dropped again at the next start
	}
}

// list is all there is, in an order that does not change.
func (s *store) list() []kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []kept
	for _, k := range s.all {
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b kept) int {
		if c := strings.Compare(a.url, b.url); c != 0 {
			return c
		}
		return a.fetched.Compare(b.fetched)
	})
	return all
}
