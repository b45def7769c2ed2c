package control

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/securesocketapi/ssa/api"
)

// status tells of this process, and which others drain.
func (s *Server) status(w http.ResponseWriter, q *http.Request, _ caller) error {
	status := s.c.Daemon.Status()
	status.Audit, status.Decisions = s.c.Audit.Status(), s.c.Audit.Decisions()
	status.Draining = []api.Draining{}
	if !flag(q, api.QueryLocal) {
		for _, other := range s.others(q) {
			if st, err := other.Status(q.Context()); err == nil {
				status.Draining = append(status.Draining, api.Draining{PID: st.PID, Conns: st.Conns})
			}
		}
	}
	return reply(w, status)
}

// conns lists the connections that the caller may know of, those of draining processes too.
func (s *Server) conns(w http.ResponseWriter, q *http.Request, who caller) error {
	list := api.Conns{Conns: s.c.Daemon.Conns()}
	if !flag(q, api.QueryLocal) {
		for _, other := range s.others(q) {
			more, err := other.Conns(q.Context())
			if err != nil {
				list.Problems = append(list.Problems, "ask a process that drains: "+err.Error())
			}
			for _, c := range more.Conns {
				c.Draining = true
				list.Conns = append(list.Conns, c)
			}
		}
	}
	list.Conns = slices.DeleteFunc(list.Conns, func(c api.Conn) bool { return !who.may(c.Program.UID) })
	if !who.admin {
		list.Problems = nil
	}
	slices.SortFunc(list.Conns, func(a, b api.Conn) int { return cmp.Compare(a.ID, b.ID) })
	return reply(w, list)
}

// errNoSuch is the answer for what there is not, and for what the caller may not know of.
func errNoSuch(id uint64) error {
	return &api.Error{
		Text: "nothing is known of connection " + strconv.FormatUint(id, 10),
		Hint: "ssa conns lists those that live, ssa audit what was decided; the id is that of TLS_ID",
	}
}

// explain gives what is known of one connection, live or not.
func (s *Server) explain(w http.ResponseWriter, q *http.Request, who caller) error {
	id, err := strconv.ParseUint(q.PathValue("id"), 10, 64)
	if err != nil || id == 0 {
		return &api.Error{Text: "the id of a connection is a number, as in ssa conns"}
	}
	e := api.Explanation{Conn: s.find(q, id), Records: s.c.Audit.Find(id)}
	if e.Conn != nil && !who.may(e.Conn.Program.UID) {
		return errNoSuch(id)
	}
	e.Records = slices.DeleteFunc(e.Records, func(r api.Record) bool {
		return !who.admin && (r.Program == nil || r.Program.UID != who.uid)
	})
	if e.Conn == nil && len(e.Records) == 0 {
		return errNoSuch(id)
	}
	return reply(w, e)
}

// find looks for a live connection here and in the processes that drain.
func (s *Server) find(q *http.Request, id uint64) *api.Conn {
	list := s.c.Daemon.Conns()
	for _, other := range s.others(q) {
		if more, err := other.Conns(q.Context()); err == nil {
			for _, c := range more.Conns {
				c.Draining = true
				list = append(list, c)
			}
		}
	}
	i := slices.IndexFunc(list, func(c api.Conn) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// flag is a parameter that is 0 or 1.
func flag(q *http.Request, name string) bool { return q.URL.Query().Get(name) == "1" }
