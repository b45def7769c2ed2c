// Package api is the contract on the control socket of ssad(8): what an administrator asks, and what is answered. It is
// HTTP/1.1 with JSON over an AF_UNIX stream socket, so that curl can ask too:
//
//	curl --unix-socket /run/ssa/control.sock http://ssa/v1/conns
//
// Root and members of the group ssa-admin may ask for everything, and so may the user who has started a daemon that root
// has not. Other users may ask for PathConns and PathExplain and are told of connections of their own programs only.
package api

import "time"

// SocketPath is where ssad listens unless told otherwise.
const SocketPath = "/run/ssa/control.sock"

// AdminGroup is the group whose members may ask for everything.
const AdminGroup = "ssa-admin"

// The paths. PathReload and PathUpdate are for POST, the others for GET.
const (
	// PathStatus gives a Status.
	PathStatus = "/v1/status"
	// PathConns gives Conns.
	PathConns = "/v1/conns"
	// PathExplain, a slash and the id of a connection give an Explanation.
	PathExplain = "/v1/explain"
	// PathDiff gives a Diff.
	PathDiff = "/v1/policy/diff"
	// PathReload gives a Reloaded; with QueryEnforce=1 it closes connections that no longer comply.
	PathReload = "/v1/policy/reload"
	// PathRevocations gives Revocations.
	PathRevocations = "/v1/revocations"
	// PathUpdate gives Revocations after everything has been fetched again.
	PathUpdate = "/v1/revocations/update"
	// PathAudit gives Records, one JSON object a line, oldest first.
	PathAudit = "/v1/audit"
	// PathMetrics gives the text format of Prometheus.
	PathMetrics = "/metrics"
)

// The parameters of a query.
const (
	// QueryEnforce is 0 or 1.
	QueryEnforce = "enforce"
	// QuerySince is a time (RFC 3339); older records are left out.
	QuerySince = "since"
	// QueryLast bounds the records, counted from the newest.
	QueryLast = "n"
	// QueryFollow is 0 or 1: whether to go on with records as they come.
	QueryFollow = "follow"
	// QueryLocal is 0 or 1: whether to leave out the processes that drain. Daemons use it among themselves.
	QueryLocal = "local"
)

// An Error is the answer to what was not done; its status is not 200.
type Error struct {
	Text string `json:"error"`
	// Hint says what to do, where there is something.
	Hint string `json:"hint,omitempty"`
}

// Error implements error; a hint stands on a line of its own.
func (e *Error) Error() string {
	if e.Hint == "" {
		return e.Text
	}
	return e.Text + "\nhint: " + e.Hint
}

// Status is the state of the daemon.
type Status struct {
	Version string `json:"version"`
	// PID is the process that answers, the one that serves programs.
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	// Conns are the live connections, Listeners those that accept.
	Conns     int `json:"connections"`
	Listeners int `json:"listeners"`
	// Decisions counts the records of the process by decision.
	Decisions map[Decision]uint64 `json:"decisions"`
	Policy    PolicyStatus        `json:"policy"`
	Audit     AuditStatus         `json:"audit"`
	// Draining are older processes that keep their established connections until these end.
	Draining []Draining `json:"draining"`
}

// PolicyStatus is where the running policy comes from.
type PolicyStatus struct {
	// Files are those it was read from; none is the built-in policy.
	Files    []string  `json:"files"`
	Profiles int       `json:"profiles"`
	Loaded   time.Time `json:"loaded"`
	// Problem is why the last attempt to read it changed nothing; empty when that succeeded.
	Problem string `json:"problem,omitempty"`
}

// AuditStatus is the state of the audit log.
type AuditStatus struct {
	// File is empty when records are kept in memory only.
	File string `json:"file,omitempty"`
	// Kept are the records in memory, Lost those that could not be written to the file.
	Kept int    `json:"kept"`
	Lost uint64 `json:"lost"`
	// Problem is why the last record could not be written.
	Problem string `json:"problem,omitempty"`
}

// Draining is an older process that keeps its connections.
type Draining struct {
	PID   int `json:"pid"`
	Conns int `json:"connections"`
}
