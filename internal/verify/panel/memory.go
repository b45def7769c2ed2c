package panel

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"hash"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/internal/memo"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// key is a question to one judge.
type key struct {
	judge string
	asked [sha256.Size]byte
	era   int64
}

// digest is of everything in a question but its time.
func digest(q *judge.Question) (sum [sha256.Size]byte) {
	h := sha256.New()
	text(h, []byte(q.Host))
	text(h, []byte(q.App))
	number(h, q.UID)
	text(h, []byte(q.Remote.Addr().String()))
	number(h, int(q.Port))
	number(h, int(q.Role))
	chain(h, q.Chain)
	number(h, len(q.Paths))
	for _, p := range q.Paths {
		chain(h, p)
	}
	text(h, q.OCSP)
	number(h, len(q.SCTs))
	for _, s := range q.SCTs {
		text(h, s)
	}
	for _, on := range []bool{q.Sources.Stapled, q.Sources.OCSP, q.Sources.CRL} {
		text(h, strconv.AppendBool(nil, on))
	}
	h.Sum(sum[:0])
	return sum
}

func number(h hash.Hash, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func text(h hash.Hash, b []byte) {
	number(h, len(b))
	h.Write(b)
}

func chain(h hash.Hash, certs []*x509.Certificate) {
	number(h, len(certs))
	for _, c := range certs {
		text(h, c.Raw)
	}
}

// memory is verdicts that hold for a time.
type memory struct {
	known *memo.Memo[key, judge.Verdict]
	// era is part of what verdicts are found by, so that none from before forget is found after it.
	era atomic.Int64
}

func newMemory(max int) *memory { return &memory{known: memo.New[key, judge.Verdict](max)} }

// asks gives the keys of a question, as of now.
func (m *memory) asks(q *judge.Question) func(name string) key {
	asked, era := digest(q), m.era.Load()
	return func(name string) key { return key{name, asked, era} }
}

func (m *memory) find(k key, now time.Time) (judge.Verdict, bool) { return m.known.Get(k, now) }

// keep remembers a verdict if it holds beyond the time of the question.
func (m *memory) keep(k key, v judge.Verdict, asked time.Time) {
	if asked.Before(v.Until) {
		m.known.Put(k, v, v.Until)
	}
}

func (m *memory) forget() { m.era.Add(1) }
