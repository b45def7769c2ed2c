package policy

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
)

// A Refusal is what one key of the policy does not allow.
type Refusal struct {
	Key Key
	// Source is where the key's value comes from.
	Source Source
	// Err says it in words.
	Err error
}

// Error is the text for the program.
func (r *Refusal) Error() string { return r.Err.Error() }

// Unwrap gives the cause.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse makes the *abi.Failure of what a key's value does not allow; format and args are as of fmt.Errorf.
func (s *Settings) Refuse(kind abi.Kind, k Key, format string, args ...any) error {
	return &abi.Failure{Kind: kind, Err: &Refusal{Key: k, Source: s.Sources.At(k), Err: fmt.Errorf(format, args...)}}
}
