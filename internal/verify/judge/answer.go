package judge

// An Answer is what a judge says about a chain. The zero value is Error, so that a verdict nobody filled in
// never counts for the peer.
type Answer int

// The answers.
const (
	// Error: the judge should have known, but could not find out.
	Error Answer = iota
	// Valid: what the judge looks at speaks for the peer.
	Valid
	// Invalid: the peer is not to be believed.
	Invalid
	// Abstain: what the judge looks at says nothing about this peer.
	Abstain
)

// String is the word for an answer in configuration, records and messages.
func (a Answer) String() string {
	words := [...]string{Error: "error", Valid: "valid", Invalid: "invalid", Abstain: "abstain"}
	if a < 0 || int(a) >= len(words) {
		return words[Error]
	}
	return words[a]
}
