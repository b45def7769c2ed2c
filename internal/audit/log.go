// Package audit keeps the records of what the TLS service decides: the last ones in memory, for whoever asks on the
// control socket, and a bounded number of them in a file. Nobody who makes a record waits: not for the disk, and not for
// somebody who reads. It does not know what a record means.
//
//  1. Log.Record numbers the record's time, puts it into the ring and to the followers (ring.go, follow.go).
//  2. It goes into a bounded queue. When that is full the record is missing in the file, which is counted.
//  3. One goroutine writes what has gathered, and rotates the file (file.go).
package audit

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/api"
)

// Bounds of a log.
const (
	// ringMax is how many records are kept in memory.
	ringMax = 4096
	// queueMax is how many records may wait for being written.
	queueMax = 4096
	// FileMax is the size in bytes from which on a file is rotated.
	FileMax = 16 << 20
	// FilesKept are the rotated files that are kept: FILE.1, the youngest, and so on.
	FilesKept = 4
	// followersMax is how many may follow at the same time, followMax how many records may wait for each.
	followersMax = 32
	followMax    = 1024
)

// Config is what a Log is made of.
type Config struct {
	// Path is the file; empty keeps records in memory only.
	Path string
	// FileMax and FilesKept are the constants unless set.
	FileMax   int64
	FilesKept int
	// FileOnly says that nobody will ask for records: none are kept in memory.
	FileOnly bool
	// Logger learns of what cannot be written; nil is nobody.
	Logger *slog.Logger
}

// A Log keeps records. It is safe for concurrent use.
type Log struct {
	log      *slog.Logger
	file     *file
	fileOnly bool
	queue    chan api.Record
	// done is closed when the last record has been written.
	done chan struct{}

	mu        sync.Mutex
	closed    bool
	ring      ring
	followers map[*Follower]struct{}
	counts    map[api.Decision]uint64
	lost      uint64
	problem   string
}

// Open makes a log. What the file has from before is remembered as if it had just been recorded, as far as it fits.
func Open(c Config) (*Log, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	l := &Log{
		log: c.Logger, fileOnly: c.FileOnly, queue: make(chan api.Record, queueMax), done: make(chan struct{}),
		followers: map[*Follower]struct{}{}, counts: map[api.Decision]uint64{},
	}
	if c.Path == "" {
		close(l.done)
		return l, nil
	}
	l.file = newFile(c)
	before, err := l.file.open(!c.FileOnly)
	if err != nil {
		return nil, err
	}
	for i := range before {
		l.ring.add(before[i])
	}
	go l.write()
	return l, nil
}

// Record keeps a record. Its time is now unless it has one.
func (l *Log) Record(r api.Record) {
	if r.Time.IsZero() {
		r.Time = time.Now()
	}
	trim(&r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.counts[r.Decision]++
	if !l.fileOnly {
		l.ring.add(r)
	}
	for f := range l.followers {
		f.offer(r)
	}
	if l.file == nil {
		return
	}
	select {
	case l.queue <- r:
	default:
		l.lost++
	}
}

// errClosed is a log that is closed.
var errClosed = errors.New("the audit log is closed")

// Close writes what is queued and ends all followers.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return errClosed
	}
	l.closed = true
	close(l.queue)
	for f := range l.followers {
		f.end()
	}
	l.followers = nil
	l.mu.Unlock()
	<-l.done
	return nil
}

// Status says how the log does.
func (l *Log) Status() api.AuditStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := api.AuditStatus{Kept: l.ring.len(), Lost: l.lost, Problem: l.problem}
	if l.file != nil {
		s.File = l.file.path
	}
	return s
}

// Decisions counts the records by decision, those from before Open not among them.
func (l *Log) Decisions() map[api.Decision]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	counts := map[api.Decision]uint64{}
	for d, n := range l.counts {
		counts[d] = n
	}
	return counts
}

// Find gives the records with an id, oldest first.
func (l *Log) Find(id uint64) []api.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ring.collect(func(r *api.Record) bool { return r.ID == id })
}

// Since gives the records from a time on, oldest first.
func (l *Log) Since(t time.Time) []api.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ring.collect(func(r *api.Record) bool { return !r.Time.Before(t) })
}
