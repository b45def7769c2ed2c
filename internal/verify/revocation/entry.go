package revocation

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// entryMagic begins a file of the cache; what follows it is a line of JSON (entryHead) and the bytes that were fetched.
const entryMagic = "ssa revocation 1\n"

// headMax bounds the line of JSON, entryMax the file, in bytes.
const (
	headMax  = 64 << 10
	entryMax = len(entryMagic) + headMax + listMax
)

// entryHead is what has to be known to check the bytes, and to fetch them again.
type entryHead struct {
	Kind    string    `json:"kind"`
	URL     string    `json:"url"`
	Fetched time.Time `json:"fetched"`
	// Issuer is the certificate in DER. Serial is of the certificate a response is about, in hexadecimal.
	Issuer []byte `json:"issuer"`
	Serial string `json:"serial,omitempty"`
}

// encode is the record as a file has it.
func (r *record) encode() ([]byte, error) {
	h := entryHead{Kind: r.kind.String(), URL: r.url, Fetched: r.fetched.UTC(), Issuer: r.issuer.Raw}
	if r.kind == OCSP {
		h.Serial = hex.EncodeToString(r.serial.Bytes())
	}
	head, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{[]byte(entryMagic), head, []byte("\n"), r.der}, nil), nil
}

// decode reads a file of the cache and checks it as if it had just been fetched. Nothing in it is believed but what the
// issuer has signed; that this issuer is one, is for the path to say in which it is looked for.
func decode(text []byte) (*record, error) {
	if len(text) > entryMax {
		return nil, fmt.Errorf("the file has %d bytes; at most %d are read", len(text), entryMax)
	}
	text, ok := bytes.CutPrefix(text, []byte(entryMagic))
	line, der, cut := bytes.Cut(text, []byte("\n"))
	if !ok || !cut || len(line) > headMax {
		return nil, errors.New("the file is none of this cache")
	}
	var h entryHead
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&h); err != nil || d.More() {
		return nil, errors.New("the head of the file is malformed")
	}
	issuer, err := x509.ParseCertificate(h.Issuer)
	if err != nil {
		return nil, fmt.Errorf("the issuer in the file is malformed: %.200q", err.Error())
	}
	r, err := h.record(issuer, der)
	if err != nil {
		return nil, err
	}
	r.url, r.fetched = h.URL, h.Fetched
	return r, nil
}

func (h entryHead) record(issuer *x509.Certificate, der []byte) (*record, error) {
	switch h.Kind {
	case CRL.String():
		return readList(der, issuer)
	case OCSP.String():
		serial, err := hex.DecodeString(h.Serial)
		if err != nil || len(serial) > 64 {
			return nil, errors.New("the serial number in the file is malformed")
		}
		about := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial), RawIssuer: issuer.RawSubject}
		return readResponse(der, subject{about, issuer}, h.Fetched)
	}
	return nil, fmt.Errorf("the kind %.20q in the file is none", h.Kind)
}

// id is the name of the record among others.
func (r *record) id() id {
	if r.kind == CRL {
		return issuerID(CRL, r.issuer, []byte(r.url))
	}
	return issuerID(OCSP, r.issuer, r.serial.Bytes())
}
