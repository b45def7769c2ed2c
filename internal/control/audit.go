package control

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/audit"
)

// wanted is which records are asked for.
type wanted struct {
	since  time.Time
	last   int
	follow bool
}

func parseWanted(q *http.Request) (wanted, error) {
	v := q.URL.Query()
	want := wanted{last: -1, follow: v.Get(api.QueryFollow) == "1"}
	if text := v.Get(api.QuerySince); text != "" {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return want, &api.Error{Text: "since is no time of the form 2006-01-02T15:04:05Z (RFC 3339)"}
		}
		want.since = t
	}
	if text := v.Get(api.QueryLast); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return want, &api.Error{Text: "n is no number of records"}
		}
		want.last = n
	}
	return want, nil
}

// audit gives the records in memory, and those that come if asked to.
func (s *Server) audit(w http.ResponseWriter, q *http.Request, _ caller) error {
	want, err := parseWanted(q)
	if err != nil {
		return err
	}
	var follower *audit.Follower
	if want.follow { // before the others are read, so that none is missed
		if follower, err = s.c.Audit.Follow(); err != nil {
			return err
		}
		defer func() { _ = follower.Close() }()
	}
	out := stream{w: w, to: http.NewResponseController(w)}
	w.Header().Set("Content-Type", "application/x-ndjson")
	list := s.c.Audit.Since(want.since)
	if want.last >= 0 {
		list = list[max(0, len(list)-want.last):]
	}
	for i := range list {
		if err := out.write(&list[i]); err != nil {
			return nil // the reader has gone
		}
	}
	if err := out.flush(); err != nil || follower == nil {
		return nil
	}
	s.follow(&out, q, follower)
	return nil
}

// follow passes records on until the reader or the log ends.
func (s *Server) follow(out *stream, q *http.Request, f *audit.Follower) {
	for {
		select {
		case <-q.Context().Done():
			return
		case <-s.ending.Done():
			return
		case r, ok := <-f.Records():
			if !ok || errors.Join(out.write(&r), out.flush()) != nil {
				return
			}
		}
	}
}

// stream writes records with a deadline for each.
type stream struct {
	w  http.ResponseWriter
	to *http.ResponseController
}

func (s *stream) write(r *api.Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := s.to.SetWriteDeadline(time.Now().Add(answerTime)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	_, err = s.w.Write(append(line, '\n'))
	return err
}

func (s *stream) flush() error {
	err := s.to.Flush()
	if errors.Is(err, http.ErrNotSupported) {
		return nil
	}
	return err
}
