package control

import (
	"net/http"

	"github.com/securesocketapi/ssa/api"
)

// diff tells what a reload would change.
func (s *Server) diff(w http.ResponseWriter, _ *http.Request, _ caller) error {
	return reply(w, s.c.Daemon.Diff())
}

// reload has this process read the policy, and then those that drain, whose connections it holds for as well.
func (s *Server) reload(w http.ResponseWriter, q *http.Request, _ caller) error {
	done, err := s.c.Daemon.Reload(q.Context(), flag(q, api.QueryEnforce))
	if err != nil {
		return err
	}
	if flag(q, api.QueryLocal) {
		return reply(w, done)
	}
	for _, other := range s.others(q) {
		more, err := other.Reload(q.Context(), flag(q, api.QueryEnforce))
		if err != nil {
			done.Problems = append(done.Problems, "ask a process that drains: "+err.Error())
			continue
		}
		for _, c := range more.Noncompliant {
			c.Conn.Draining = true
			done.Noncompliant = append(done.Noncompliant, c)
		}
	}
	return reply(w, done)
}

// metrics gives the figures for Prometheus.
func (s *Server) metrics(w http.ResponseWriter, q *http.Request, _ caller) error {
	if s.c.Metrics == nil {
		return &api.Error{Text: "there are no metrics"}
	}
	s.c.Metrics.ServeHTTP(w, q)
	return nil
}
