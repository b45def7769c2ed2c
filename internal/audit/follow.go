package audit

import (
	"errors"
	"fmt"
	"sync"

	"github.com/securesocketapi/ssa/api"
)

// A Follower gets each record from the time on that it was made. One that does not keep up misses records, and is told
// how many.
type Follower struct {
	log *Log
	// records has room for followMax; it is closed when the log is, or by Close.
	records chan api.Record
	once    sync.Once
	missed  uint64 // under the log's mutex
}

// errFollowers is a log with as many followers as it may have.
var errFollowers = fmt.Errorf("%d follow the audit log already, which is the limit", followersMax)

// Follow begins to follow; the caller must Close the result.
func (l *Log) Follow() (*Follower, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return nil, errClosed
	case len(l.followers) >= followersMax:
		return nil, errFollowers
	}
	f := &Follower{log: l, records: make(chan api.Record, followMax)}
	l.followers[f] = struct{}{}
	return f, nil
}

// errEnded is a follower that has been closed.
var errEnded = errors.New("following has ended")

// Records yields the records until the end of the log.
func (f *Follower) Records() <-chan api.Record { return f.records }

// Close ends following.
func (f *Follower) Close() error {
	f.log.mu.Lock()
	defer f.log.mu.Unlock()
	if _, ok := f.log.followers[f]; !ok {
		return errEnded
	}
	delete(f.log.followers, f)
	f.end()
	return nil
}

func (f *Follower) end() { f.once.Do(func() { close(f.records) }) }

// offer gives a record to the follower if it has room. The log's mutex is held.
func (f *Follower) offer(r api.Record) {
	if f.missed > 0 {
		select {
		case f.records <- api.Record{Time: r.Time, Event: api.Lost, Decision: api.Refused, Count: f.missed, Text: "you did not keep up"}:
			f.missed = 0
		default:
		}
	}
	select {
	case f.records <- r:
	default:
		f.missed++
	}
}
