package api

// A Diff is what a reload would change.
type Diff struct {
	// Problems are why the policy on disk cannot be used, each with its place; there are no Changes then.
	Problems []string `json:"problems"`
	Changes  []Change `json:"changes"`
}

// A Change is one value that differs. An empty Running or Disk is one that is not set.
type Change struct {
	// Where is the section: "global", "profile www", "profile www, destination *.example.com".
	Where   string `json:"where"`
	Key     string `json:"key"`
	Running string `json:"running,omitempty"`
	Disk    string `json:"disk,omitempty"`
	// RunningAt and DiskAt are the places of the values.
	RunningAt Place `json:"running_at"`
	DiskAt    Place `json:"disk_at"`
}

// Reloaded is what came of reading the policy again.
type Reloaded struct {
	Files    []string `json:"files"`
	Profiles int      `json:"profiles"`
	// Listeners is how many listeners the policy forbids now; they accept no new connections.
	Listeners int `json:"listeners_refused"`
	// Noncompliant are live connections that would not be allowed now.
	Noncompliant []Noncompliant `json:"noncompliant"`
	// Problems are warnings, and processes that could not be asked.
	Problems []string `json:"problems,omitempty"`
}

// Noncompliant is a live connection that would not be allowed now.
type Noncompliant struct {
	Conn   Conn   `json:"connection"`
	Reason string `json:"reason"`
	// Closed says that it was closed.
	Closed bool `json:"closed"`
}
