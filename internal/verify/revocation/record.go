package revocation

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"time"
)

// Kind is what a source is.
type Kind byte

// The kinds.
const (
	OCSP Kind = iota + 1
	CRL
)

// String is the word for a kind.
func (k Kind) String() string {
	if k == OCSP {
		return "ocsp"
	}
	return "crl"
}

// record is something signed by an issuer, checked: an OCSP response or a list.
type record struct {
	kind   Kind
	issuer *x509.Certificate
	// serial is that of the certificate a response is about.
	serial *big.Int
	// url is where it comes from, or the path of a file.
	url string
	der []byte
	// this and next are between when it holds; fetched is when it came.
	this, next, fetched time.Time
	response            response
	list                list
}

// skew is how far the issuer's clock may be ahead.
const skew = 5 * time.Minute

// fresh says whether what it says holds, and why not. An age of 0 is no bound but the issuer's.
func (r *record) fresh(now time.Time, age time.Duration) error {
	switch {
	case now.Add(skew).Before(r.this):
		return fmt.Errorf("it is of a time to come, %s", day(r.this))
	case now.After(r.next):
		return fmt.Errorf("it is out of date since %s", day(r.next))
	case age > 0 && now.Sub(r.this) > age:
		return fmt.Errorf("it is of %s, which is longer ago than %s", day(r.this), age)
	}
	return nil
}

// about is what the record says about a certificate of its issuer. A revocation holds for ever, unless it is on hold.
func (r *record) about(c *x509.Certificate, now time.Time, age time.Duration) finding {
	f, why := r.response.about(), r.response.reason
	if r.kind == CRL {
		f, why = r.list.about(c), int(r.list.entries[string(c.SerialNumber.Bytes())])
	}
	stale := r.fresh(now, age)
	if stale != nil && f.state != nothing && (f.state != revoked || why == hold || now.Add(skew).Before(r.this)) {
		return failedf("%s %.200q: %v", r.kind, r.url, stale)
	}
	if f.text != "" {
		f.text = fmt.Sprintf("%s %.200q says: %s", r.kind, r.url, f.text)
	}
	return f
}

// condemns says whether the record says of any certificate that it is revoked of which the older one did not.
func (r *record) condemns(older *record) bool {
	switch {
	case r.kind == OCSP:
		return r.response.about().state == revoked && (older == nil || older.response.about().state != revoked)
	case older == nil:
		return len(r.list.entries) > 0
	}
	for serial := range r.list.entries {
		if _, was := older.list.entries[serial]; !was {
			return true
		}
	}
	return false
}
