package service

import (
	"crypto"
	"crypto/sha256"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/memo"
)

// given remembers the credentials that programs gave as text. A program that accepts connections itself and upgrades each
// gives the same with each, and to parse a key takes as long as a signature.
type given struct {
	known *memo.Memo[[sha256.Size]byte, keys.Credential]
	now   func() time.Time
	parse func([]byte) (crypto.Signer, error)
}

const (
	// givenMax bounds the credentials remembered, givenTime is for how long.
	givenMax  = 16
	givenTime = time.Minute
)

func newGiven(now func() time.Time, parse func([]byte) (crypto.Signer, error)) *given {
	return &given{memo.New[[sha256.Size]byte, keys.Credential](givenMax), now, parse}
}

// credential is keys.LoadWith. Who is given the remembered one has shown the same text.
func (g *given) credential(c abi.Credential) (keys.Credential, error) {
	name := textOf(c)
	if known, ok := g.known.Get(name, g.now()); ok {
		return known, nil
	}
	fresh, err := keys.LoadWith(c, g.parse)
	if err == nil {
		g.known.Put(name, fresh, g.now().Add(givenTime))
	}
	return fresh, err
}

// have says whether all of a program's credentials are text and remembered.
func (g *given) have(all []abi.Credential) bool {
	for _, c := range all {
		if c.ChainPath+c.KeyPath != "" {
			return false
		}
		if _, known := g.known.Get(textOf(c), g.now()); !known {
			return false
		}
	}
	return true
}

// textOf tells two credentials apart, and one without a key from one with.
func textOf(c abi.Credential) [sha256.Size]byte {
	chain, key := sha256.Sum256(c.Chain), sha256.Sum256(c.Key)
	both := append(chain[:], key[:]...)
	if c.Key == nil {
		both = chain[:]
	}
	return sha256.Sum256(both)
}
