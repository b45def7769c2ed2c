package api

import "time"

// A Decision is what became of what was asked for.
type Decision string

// The decisions.
const (
	// Allowed is a connection established, a listener, a policy or a certificate put in force.
	Allowed Decision = "allowed"
	// Refused is one that was not.
	Refused Decision = "refused"
	// Complained is one that a profile in complain mode would have refused.
	Complained Decision = "complained"
	// Closed is the end of a connection that was allowed.
	Closed Decision = "closed"
)

// An Event is what a decision is about.
type Event string

// The events.
const (
	// Connection is a connection, from its handshake on.
	Connection Event = "connection"
	// Listener is a socket that accepts connections.
	Listener Event = "listener"
	// Option is a value that a program wanted to set on a socket.
	Option Event = "option"
	// Claim is what a supervisor says of itself or a program and the kernel does not confirm.
	Claim Event = "claim"
	// Policy is a policy read again.
	Policy Event = "policy"
	// Certificate is a certificate or key that was replaced on disk.
	Certificate Event = "certificate"
	// Lost tells of records that could not be written; Count says how many.
	Lost Event = "lost"
)

// A Role is the side of a connection that the program has.
type Role string

// The roles.
const (
	Client Role = "client"
	Server Role = "server"
)

// A Record is one decision of the TLS service. It has no secret. Texts that a program or a peer has chosen are cut at
// TextMax bytes.
type Record struct {
	Time     time.Time `json:"time"`
	Event    Event     `json:"event"`
	Decision Decision  `json:"decision"`
	// ID is the connection's, as the program reads it with TLS_ID. Records of other events have one of their own, so
	// that they can be explained too; 0 is none.
	ID      uint64   `json:"id,string,omitempty"`
	Program *Program `json:"program,omitempty"`
	Role    Role     `json:"role,omitempty"`
	// Host is the name that a client connects to, or the name a client asked a server for.
	Host   string `json:"host,omitempty"`
	Local  string `json:"local,omitempty"`
	Remote string `json:"remote,omitempty"`

	// Profile is the one in force, empty for the global settings, Mode its mode. Tried are those that were looked at.
	Profile string  `json:"profile,omitempty"`
	Mode    string  `json:"mode,omitempty"`
	Tried   []Trial `json:"tried,omitempty"`
	// Rule is what decided.
	Rule *Rule `json:"rule,omitempty"`
	// Requested is what the program has set, InForce what came of it where that is not the built-in policy.
	Requested []Asked   `json:"requested,omitempty"`
	InForce   []Setting `json:"in_force,omitempty"`
	// Exceptions are those from the floor that are made use of.
	Exceptions []Exception `json:"exceptions,omitempty"`
	// Complaints are what a profile in complain mode would refuse.
	Complaints []string `json:"complaints,omitempty"`

	// TLS is what the handshake established.
	TLS *TLS `json:"tls,omitempty"`
	// Verdicts are the answers of those who judge the peer, in the order in which they were asked.
	Verdicts []Verdict `json:"verdicts,omitempty"`
	// Took is the time of the handshake in seconds.
	Took float64 `json:"took,omitempty"`
	// Failure is why something was refused, or how a connection ended that did not end cleanly.
	Failure *Failure `json:"failure,omitempty"`
	// Traffic is there when a connection has ended.
	Traffic *Traffic `json:"traffic,omitempty"`
	// Text says more where the rest does not.
	Text string `json:"text,omitempty"`
	// Count is how many an event is about.
	Count uint64 `json:"count,omitempty"`
}

// TextMax bounds the texts that programs and peers choose, in bytes.
const TextMax = 512

// Program is who asked, as the kernel says. Script comes from the command line, which a program can write.
type Program struct {
	Exe       string `json:"exe"`
	Script    string `json:"script,omitempty"`
	PID       int    `json:"pid"`
	UID       int    `json:"uid"`
	Unit      string `json:"unit,omitempty"`
	Container string `json:"container,omitempty"`
}

// Place is where something stands in the files of the policy; without File it is the built-in policy.
type Place struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Preset string `json:"preset,omitempty"`
}

// A Trial is a profile that was looked at.
type Trial struct {
	Place
	Profile string `json:"profile"`
	Matched bool   `json:"matched"`
	Chosen  bool   `json:"chosen"`
	Why     string `json:"why"`
}

// A Rule is the part of the policy that decided.
type Rule struct {
	Place
	// Key is the setting, empty when the profile or destination as a whole decided.
	Key string `json:"key,omitempty"`
	// Text names it for people.
	Text string `json:"text"`
}

// Asked is a socket option that the program has set.
type Asked struct {
	Option string `json:"option"`
	Value  string `json:"value"`
}

// A Setting is a key of the policy with its value.
type Setting struct {
	Place
	Key   string `json:"key"`
	Value string `json:"value"`
}

// An Exception is one from the floor.
type Exception struct {
	Place
	Reason  string `json:"reason"`
	Expires string `json:"expires"`
}

// TLS is what a handshake established.
type TLS struct {
	Version string `json:"version"`
	Suite   string `json:"suite"`
	Group   string `json:"group,omitempty"`
	ALPN    string `json:"alpn,omitempty"`
	Resumed bool   `json:"resumed,omitempty"`
	// Peer is the subject of the peer's certificate, empty without one.
	Peer string `json:"peer,omitempty"`
}

// A Verdict is the answer of one judge about a peer's certificate.
type Verdict struct {
	Judge string `json:"judge"`
	// Answer is "valid", "invalid", "abstain" or "error".
	Answer string `json:"answer"`
	Reason string `json:"reason,omitempty"`
	// Took is in seconds.
	Took float64 `json:"took,omitempty"`
}

// A Failure is why something failed.
type Failure struct {
	// Class is one of those of abi.Kind: "rejected", "protocol", …
	Class string `json:"class"`
	// Text is what the program reads with TLS_ERROR.
	Text string `json:"text"`
}

// Traffic is what a connection has carried, in bytes of plaintext, and how long it has lived, in seconds.
type Traffic struct {
	Received uint64  `json:"received"`
	Sent     uint64  `json:"sent"`
	Age      float64 `json:"age"`
}
