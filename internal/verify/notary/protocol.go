package notary

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// The protocol: GET Path?host=HOST&port=PORT by HTTP/1.1 over TLS 1.3, answered with status 200 and a [Report] in JSON. A
// notary is known by the key of its certificate alone. Another status says that the notary does not answer this
// question; the text of the answer says why.

// Path is the resource that is asked for.
const Path = "/v1/observe"

// Bounds of an answer.
const (
	// AnswerMax bounds the head and the body together, in bytes.
	AnswerMax = 64 << 10
	// ObservationsMax bounds the observations of a report.
	ObservationsMax = 64
)

// A Report is what a notary says about a server.
type Report struct {
	// Host and Port are those that were asked about.
	Host string `json:"host"`
	Port uint16 `json:"port"`
	// Now is when the notary looked.
	Now time.Time `json:"now"`
	// Seen are the certificates the notary has seen there, at any time.
	Seen []Observation `json:"seen"`
	// Error is why the notary does not see the server now; empty when it does.
	Error string `json:"error,omitempty"`
}

// An Observation is a certificate that a notary has seen.
type Observation struct {
	// Certificate and Key are the SHA-256 digests of the leaf and of its SubjectPublicKeyInfo.
	Certificate Digest `json:"certificate"`
	Key         Digest `json:"key"`
	// First and Last are when it was seen first and last.
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Digest is a SHA-256 digest, in hexadecimal digits when written.
type Digest [32]byte

// MarshalText writes the digest.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads the digest.
func (d *Digest) UnmarshalText(text []byte) error {
	if len(text) != hex.EncodedLen(len(d)) {
		return fmt.Errorf("a digest of %d digits", len(text))
	}
	_, err := hex.Decode(d[:], text)
	return err
}

// Decode reads a report about a server. Fields that are not known here are passed over.
func Decode(body []byte, host string, port uint16) (Report, error) {
	var r Report
	d := json.NewDecoder(bytes.NewReader(body))
	if err := d.Decode(&r); err != nil {
		return Report{}, fmt.Errorf("not a report: %.200q", err.Error())
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Report{}, errors.New("not a report: something follows it")
	}
	switch {
	case r.Host != host || r.Port != port:
		return Report{}, fmt.Errorf("a report about %.260q, port %d", r.Host, r.Port)
	case len(r.Seen) > ObservationsMax:
		return Report{}, fmt.Errorf("a report of %d observations", len(r.Seen))
	}
	return r, nil
}
