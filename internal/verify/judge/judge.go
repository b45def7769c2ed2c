package judge

import "context"

// A Judge gives verdicts on chains.
type Judge interface {
	// Name is the judge's name in configuration, records and messages.
	Name() string
	// Judge answers one question; it returns when ctx has ended, at the latest.
	Judge(ctx context.Context, q *Question) Verdict
}

// The names of the built-in judges. A plugin's name is the one its configuration gives it.
const (
	Standard     = "standard"
	Pins         = "pins"
	Revocation   = "revocation"
	DANE         = "dane"
	Transparency = "transparency"
	Notaries     = "notaries"
)

// A Watcher is a judge whose answers change by themselves, as when a revocation list arrives. Peers that were judged
// before are then judged again.
type Watcher interface {
	Judge
	// Changes has a value after what the judge knows has changed for the worse of some peer; one value may stand for
	// several changes.
	Changes() <-chan struct{}
}
