package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/linux"
)

// file is the file with the records. Several processes may write to it, since a daemon that drains goes on beside its
// successor: each writes whole lines, under a lock, and looks whether another has rotated.
type file struct {
	path string
	max  int64
	kept int
	f    *os.File
}

func newFile(c Config) *file {
	f := &file{path: c.Path, max: c.FileMax, kept: c.FilesKept}
	if f.max == 0 {
		f.max = FileMax
	}
	if f.kept == 0 {
		f.kept = FilesKept
	}
	return f
}

// batchMax bounds the records that are written at once.
const batchMax = 256

// write writes what is queued, until the log is closed.
func (l *Log) write() {
	defer close(l.done)
	defer l.file.close()
	told := uint64(0)
	for r := range l.queue {
		batch := l.gather(r)
		n, lost := len(batch), l.lostSoFar()
		if lost > told {
			batch = append(batch, api.Record{Time: time.Now(), Event: api.Lost, Decision: api.Refused, Count: lost - told})
		}
		err := l.file.append(batch)
		if err == nil {
			told = lost
		}
		l.wrote(n, err)
	}
}

// gather takes what else is queued.
func (l *Log) gather(first api.Record) []api.Record {
	batch := []api.Record{first}
	for len(batch) < batchMax {
		select {
		case r, ok := <-l.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

func (l *Log) lostSoFar() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// wrote notes what came of a batch. A problem is logged when it begins.
func (l *Log) wrote(n int, err error) {
	l.mu.Lock()
	before := l.problem
	l.problem = ""
	if err != nil {
		l.problem = err.Error()
		l.lost += uint64(n)
	}
	l.mu.Unlock()
	if err != nil && before == "" {
		l.log.Error("the audit log is not written", "error", err)
	}
}

// append writes records at the end of the file that has the path now.
func (f *file) append(batch []api.Record) error {
	var b bytes.Buffer
	for i := range batch {
		line, err := json.Marshal(&batch[i])
		if err != nil {
			return fmt.Errorf("encode a record: %w", err)
		}
		b.Write(append(line, '\n'))
	}
	if err := f.lock(); err != nil {
		return err
	}
	defer func() { _ = linux.Funlock(f.f) }()
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > 0 && info.Size()+int64(b.Len()) > f.max {
		if err := f.rotate(); err != nil {
			return fmt.Errorf("rotate %s: %w", f.path, err)
		}
	}
	_, err = f.f.Write(b.Bytes())
	return err
}

// lockTries bounds how often others may rotate meanwhile.
const lockTries = 8

// lock locks the file that has the path, which another process may just have rotated.
func (f *file) lock() error {
	for range lockTries {
		if err := f.reopen(); err != nil {
			return err
		}
		if err := linux.Flock(f.f); err != nil {
			return fmt.Errorf("lock %s: %w", f.path, err)
		}
		if f.current() {
			return nil
		}
		f.close()
	}
	return fmt.Errorf("lock %s: others replace it all the time", f.path)
}

// current says whether the path still names the open file.
func (f *file) current() bool {
	open, err := f.f.Stat()
	named, nerr := os.Stat(f.path)
	return err == nil && nerr == nil && os.SameFile(open, named)
}

func (f *file) reopen() (err error) {
	if f.f != nil {
		return nil
	}
	if f.f, err = os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return fmt.Errorf("open the audit log: %w", err)
	}
	return nil
}

func (f *file) close() {
	if f.f != nil {
		_ = f.f.Close()
		f.f = nil
	}
}

// rotate makes room: FILE becomes FILE.1 and so on; the oldest goes. The lock moves to the new file.
func (f *file) rotate() error {
	for n := f.kept; n > 0; n-- {
		from := f.path
		if n > 1 {
			from += "." + strconv.Itoa(n-1)
		}
		err := os.Rename(from, f.path+"."+strconv.Itoa(n))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f.close()
	return f.lock()
}

// open opens the file and, if asked to, reads the last records it has.
func (f *file) open(remember bool) ([]api.Record, error) {
	if err := f.reopen(); err != nil || !remember {
		return nil, err
	}
	var all []api.Record
	for _, path := range []string{f.path + ".1", f.path} {
		records, err := readTail(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		all = append(all, records...)
	}
	return all[max(0, len(all)-ringMax):], nil
}

// tailMax is how much of the end of a file is read again, in bytes.
const tailMax = 4 << 20

func readTail(path string) ([]api.Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	text, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-tailMax), tailMax))
	return parse(text), err
}

// parse reads lines of records. What is none, such as a line that was cut off, is left out.
func parse(text []byte) []api.Record {
	var all []api.Record
	for line := range bytes.Lines(text) {
		var r api.Record
		if json.Unmarshal(line, &r) == nil && !r.Time.IsZero() {
			all = append(all, r)
		}
	}
	return all
}
