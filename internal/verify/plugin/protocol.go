package plugin

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Bounds of the protocol.
const (
	// Version is that of the protocol, "v" in each request.
	Version = 1
	// RequestMax bounds a request, in bytes with its newline. Base64 makes four bytes of three.
	RequestMax = 1 << 20
	// AnswerMax bounds an answer, in bytes with its newline.
	AnswerMax = 64 << 10
	// reasonMax bounds what is kept of a reason, in bytes.
	reasonMax = 500
	// ttlMax bounds how long an answer may be given again.
	ttlMax = 24 * time.Hour
)

// request is a question as the plugin reads it: one line of JSON.
type request struct {
	Version int      `json:"v"`
	ID      uint64   `json:"id"`
	Host    string   `json:"host"`
	Port    uint16   `json:"port"`
	Remote  string   `json:"remote,omitempty"`
	Role    string   `json:"role"`
	App     string   `json:"application"`
	Time    string   `json:"time"`
	Chain   [][]byte `json:"chain"`
	OCSP    []byte   `json:"ocsp,omitempty"`
	SCTs    [][]byte `json:"scts,omitempty"`
}

// encode is the line for a question.
func encode(id uint64, q *judge.Question) ([]byte, error) {
	r := request{
		Version: Version, ID: id, Host: q.Host, Port: q.Port, Role: q.Role.String(), App: q.App,
		Time: q.Time.UTC().Format(time.RFC3339), OCSP: q.OCSP, SCTs: q.SCTs,
	}
	if q.Remote.IsValid() {
		r.Remote = q.Remote.String()
	}
	for _, c := range q.Chain {
		r.Chain = append(r.Chain, c.Raw)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	if len(line) >= RequestMax {
		return nil, fmt.Errorf("the chain is too large for a request of %d bytes", RequestMax)
	}
	return append(line, '\n'), nil
}

// answer is what the plugin writes: one line of JSON.
type answer struct {
	ID     uint64
	Answer judge.Answer
	Reason string
	TTL    time.Duration
}

// decode reads one line. Fields that are not known here are passed over; a later version may have them.
func decode(line []byte) (answer, error) {
	var raw struct {
		ID     *uint64 `json:"id"`
		Answer string  `json:"answer"`
		Reason string  `json:"reason"`
		TTL    float64 `json:"ttl"`
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if err := d.Decode(&raw); err != nil {
		return answer{}, fmt.Errorf("no JSON object: %.100q", line)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return answer{}, fmt.Errorf("more than one JSON object in a line: %.100q", line)
	}
	if raw.ID == nil {
		return answer{}, fmt.Errorf("an answer without id: %.100q", line)
	}
	a := answer{ID: *raw.ID, Reason: printable(raw.Reason)}
	words := map[string]judge.Answer{}
	for _, w := range []judge.Answer{judge.Valid, judge.Invalid, judge.Abstain, judge.Error} {
		words[w.String()] = w
	}
	known := false
	if a.Answer, known = words[raw.Answer]; !known {
		return answer{}, fmt.Errorf("an answer that is none of valid, invalid, abstain and error: %.100q", raw.Answer)
	}
	if raw.TTL < 0 || raw.TTL > ttlMax.Seconds() {
		return answer{}, fmt.Errorf("a ttl of %g seconds; it can be 0 to %g", raw.TTL, ttlMax.Seconds())
	}
	a.TTL = time.Duration(raw.TTL * float64(time.Second))
	return a, nil
}

// printable is a foreign text as part of a line: bounded, without control characters.
func printable(s string) string {
	s = strings.ToValidUTF8(s[:min(len(s), reasonMax)], "?")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// verdict is what an answer means for a question.
func (a answer) verdict(q *judge.Question) judge.Verdict {
	reason := a.Reason
	if reason == "" {
		reason = "the plugin gave no reason"
	}
	v := judge.Verdict{Answer: a.Answer, Reason: reason}
	if a.Answer == judge.Invalid || a.Answer == judge.Error {
		v.Kind = abi.Rejected
	}
	if a.Answer == judge.Error {
		return v
	}
	return v.For(q, a.TTL)
}
