package audit_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/audit"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

func open(t *testing.T, c audit.Config) *audit.Log {
	t.Helper()
	l, err := audit.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func closeLog(t *testing.T, l *audit.Log) {
	t.Helper()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func record(id uint64) api.Record {
	return api.Record{Event: api.Connection, Decision: api.Allowed, ID: id, Program: &api.Program{Exe: "/bin/a", UID: 7}}
}

// lines are the records of a file.
func lines(t *testing.T, path string) (list []api.Record) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for s := bufio.NewScanner(f); s.Scan(); {
		var r api.Record
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		list = append(list, r)
	}
	return list
}

func TestRecordsReachTheFileAndComeBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := open(t, audit.Config{Path: path})
	for id := range uint64(3) {
		l.Record(record(id + 1))
	}
	closeLog(t, l)
	if got := lines(t, path); len(got) != 3 || got[2].ID != 3 || got[2].Time.IsZero() || got[2].Program.Exe != "/bin/a" {
		t.Errorf("the file has %+v", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	l = open(t, audit.Config{Path: path})
	defer closeLog(t, l)
	if got := l.Find(2); len(got) != 1 || got[0].ID != 2 {
		t.Errorf("after it was opened again: %+v", got)
	}
	if n := l.Decisions()[api.Allowed]; n != 0 {
		t.Errorf("%d decisions are counted that another process made", n)
	}
}

func TestRingIsBounded(t *testing.T) {
	l := open(t, audit.Config{})
	defer closeLog(t, l)
	const more = 5000
	for id := range uint64(more) {
		l.Record(record(id + 1))
	}
	got := l.Since(time.Time{})
	if len(got) != 4096 || got[0].ID != more-4096+1 || got[4095].ID != more {
		t.Errorf("kept %d, from %d to %d", len(got), got[0].ID, got[len(got)-1].ID)
	}
	if len(l.Find(1)) != 0 || len(l.Find(more)) != 1 {
		t.Error("the oldest is there or the youngest is not")
	}
	if s := l.Status(); s.Kept != 4096 || s.Lost != 0 || s.File != "" || l.Decisions()[api.Allowed] != more {
		t.Errorf("status %+v", s)
	}
}

func TestSince(t *testing.T) {
	l := open(t, audit.Config{})
	defer closeLog(t, l)
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 5 {
		r := record(uint64(i + 1))
		r.Time = begin.Add(time.Duration(i) * time.Hour)
		l.Record(r)
	}
	if got := l.Since(begin.Add(3 * time.Hour)); len(got) != 2 || got[0].ID != 4 {
		t.Errorf("since the fourth: %+v", got)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "audit.jsonl")
	const size, kept = 4096, 2
	for id := range uint64(300) { // a log of its own each, so that batches are of one record
		l := open(t, audit.Config{Path: path, FileMax: size, FilesKept: kept})
		l.Record(record(id + 1))
		closeLog(t, l)
	}
	var names []string
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
		if info, err := e.Info(); err != nil || info.Size() > size {
			t.Errorf("%s has %d bytes, %v", e.Name(), info.Size(), err)
		}
	}
	if got := strings.Join(names, " "); got != "audit.jsonl audit.jsonl.1 audit.jsonl.2" {
		t.Errorf("files: %s", got)
	}
	last := lines(t, path)
	if len(last) == 0 || last[len(last)-1].ID != 300 {
		t.Errorf("the last record is not in the file: %+v", last)
	}
}

// Two processes, here two logs, write to the same file while each rotates.
func TestTwoWriters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	c := audit.Config{Path: path, FileMax: 16 << 10, FilesKept: 50}
	const each = 500
	var both sync.WaitGroup
	for w := range uint64(2) {
		l := open(t, c)
		both.Go(func() {
			for i := range uint64(each) {
				l.Record(record(1 + w*each + i))
			}
			_ = l.Close()
		})
	}
	both.Wait()
	seen := map[uint64]int{}
	paths, _ := filepath.Glob(path + "*")
	for _, p := range paths {
		for _, r := range lines(t, p) {
			seen[r.ID]++
		}
	}
	for id := range uint64(2 * each) {
		if seen[id+1] != 1 {
			t.Fatalf("record %d is there %d times, in %d files", id+1, seen[id+1], len(paths))
		}
	}
}

// Whoever makes a record does not wait for a file that cannot be written, and what is lost is counted.
func TestLostRecordsAreCounted(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sub", "audit.jsonl")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	l := open(t, audit.Config{Path: path})
	if err := os.RemoveAll(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	for id := range uint64(10000) {
		l.Record(record(id + 1))
	}
	closeLog(t, l)
	s := l.Status()
	if s.Lost != 10000 || !strings.Contains(s.Problem, "no such file") {
		t.Errorf("status %+v", s)
	}
}

func TestFollow(t *testing.T) {
	l := open(t, audit.Config{})
	l.Record(record(1))
	f, err := l.Follow()
	if err != nil {
		t.Fatal(err)
	}
	l.Record(record(2))
	if r := <-f.Records(); r.ID != 2 {
		t.Errorf("got %+v", r)
	}
	for id := range uint64(2000) { // more than may wait
		l.Record(record(id + 10))
	}
	for range 1024 {
		<-f.Records()
	}
	l.Record(record(5000))
	if r := <-f.Records(); r.Event != api.Lost || r.Count != 2000-1024 {
		t.Errorf("what was missed is told as %+v", r)
	}
	if r := <-f.Records(); r.ID != 5000 {
		t.Errorf("got %+v", r)
	}
	for range 31 {
		if _, err := l.Follow(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Follow(); err == nil {
		t.Error("a 33rd may follow")
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, ok := <-f.Records(); ok {
		t.Error("records come after Close")
	}
	closeLog(t, l)
	if _, err := l.Follow(); err == nil {
		t.Error("a closed log can be followed")
	}
}

func TestForeignTextIsCut(t *testing.T) {
	long := strings.Repeat("ä", 5000)
	l := open(t, audit.Config{})
	defer closeLog(t, l)
	asked := []api.Asked{{Option: "TLS_ALPN", Value: long}}
	l.Record(api.Record{
		ID: 1, Host: long, Program: &api.Program{Exe: long, Script: "\xff" + long}, TLS: &api.TLS{Peer: long}, Requested: asked,
		Failure: &api.Failure{Text: long},
	})
	text, err := json.Marshal(l.Find(1)[0])
	if err != nil || len(text) > 8<<10 {
		t.Errorf("the record has %d bytes, %v", len(text), err)
	}
	if asked[0].Value != long {
		t.Error("what the record was made of has changed")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"time":"2026-01-01T00:00:00Z","id":"1"}` + "\n"))
	f.Add([]byte("{\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "audit.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		l := open(t, audit.Config{Path: path})
		defer closeLog(t, l)
		for _, r := range l.Since(time.Time{}) {
			if r.Time.IsZero() {
				t.Errorf("a record without a time: %s", fmt.Sprint(r))
			}
		}
	})
}
