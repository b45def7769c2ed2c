package judge

import (
	"fmt"
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// A Verdict is what a judge says about a question, and why.
type Verdict struct {
	Answer Answer
	// Kind is the class of failure the program sees if Invalid decides: abi.Rejected, abi.Revoked or abi.Expired.
	Kind abi.Kind
	// Reason is for a person; never empty.
	Reason string
	// Until is how long the verdict may be given again for the same question; the zero time: not at all.
	Until time.Time
}

// Validf is a verdict for the peer.
func Validf(format string, args ...any) Verdict {
	return Verdict{Answer: Valid, Reason: fmt.Sprintf(format, args...)}
}

// Invalidf is a verdict against the peer; kind is the class of failure the program sees.
func Invalidf(kind abi.Kind, format string, args ...any) Verdict {
	return Verdict{Answer: Invalid, Kind: kind, Reason: fmt.Sprintf(format, args...)}
}

// Abstainf is the verdict of a judge that has nothing to say about the peer.
func Abstainf(format string, args ...any) Verdict {
	return Verdict{Answer: Abstain, Reason: fmt.Sprintf(format, args...)}
}

// Errorf is the verdict of a judge that could not find out.
func Errorf(format string, args ...any) Verdict {
	return Verdict{Answer: Error, Kind: abi.Rejected, Reason: fmt.Sprintf(format, args...)}
}

// For is the verdict with its life limited to d from the question's time; a d of 0 or less leaves it uncached.
func (v Verdict) For(q *Question, d time.Duration) Verdict {
	if d > 0 {
		v.Until = q.Time.Add(d)
	}
	return v
}
