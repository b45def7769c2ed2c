package control

import (
	"context"
	"net/http"
	"time"
)

// updateTime bounds how long everything about revocations is fetched again; it is less than the time for an answer.
const updateTime = 25 * time.Second

// revocations tells what is known of revocations.
func (s *Server) revocations(w http.ResponseWriter, q *http.Request, _ caller) error {
	return s.tellRevocations(q.Context(), w, false)
}

// updateRevocations fetches it again first.
func (s *Server) updateRevocations(w http.ResponseWriter, q *http.Request, _ caller) error {
	return s.tellRevocations(q.Context(), w, true)
}

func (s *Server) tellRevocations(ctx context.Context, w http.ResponseWriter, update bool) error {
	ctx, cancel := context.WithTimeout(ctx, updateTime)
	defer cancel()
	list, err := s.c.Daemon.Revocations(ctx, update)
	if err != nil {
		return err
	}
	return reply(w, list)
}
