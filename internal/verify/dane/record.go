package dane

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/hex"
	"fmt"

	"github.com/miekg/dns"
)

// usage says what a record's data is matched against, and what else the chain must be good by (RFC 6698, section 2.1.1;
// the names are those of RFC 7218).
type usage uint8

// The usages.
const (
	pkixTA usage = iota
	pkixEE
	daneTA
	daneEE
)

// Selectors and matching types (RFC 6698, sections 2.1.2 and 2.1.3).
const (
	wholeCertificate = 0
	publicKey        = 1
	exact            = 0
	digestSHA256     = 1
	digestSHA512     = 2
)

// recordsMax bounds the records of a server; one for each of a few certificates is usual.
const recordsMax = 64

// A record is a TLSA record that can be used.
type record struct {
	usage    usage
	selector uint8
	matching uint8
	data     []byte
}

// String is the record as an administrator writes it, with the beginning of its data.
func (r record) String() string {
	return fmt.Sprintf("%d %d %d %.8x", r.usage, r.selector, r.matching, r.data)
}

// usable turns a record of the DNS into one of ours; not ok when it says something that is not known here (RFC 7671,
// section 4.1).
func usable(rr *dns.TLSA) (r record, ok bool) {
	data, err := hex.DecodeString(rr.Certificate)
	if err != nil || rr.Usage > uint8(daneEE) || rr.Selector > publicKey {
		return record{}, false
	}
	size, known := map[uint8]int{exact: len(data), digestSHA256: sha256.Size, digestSHA512: sha512.Size}[rr.MatchingType]
	if !known || len(data) != size || size == 0 {
		return record{}, false
	}
	return record{usage(rr.Usage), rr.Selector, rr.MatchingType, data}, true
}

// matches says whether the record is about the certificate.
func (r record) matches(c *x509.Certificate) bool {
	text := c.Raw
	if r.selector == publicKey {
		text = c.RawSubjectPublicKeyInfo
	}
	switch r.matching {
	case exact:
		return bytes.Equal(r.data, text)
	case digestSHA256:
		sum := sha256.Sum256(text)
		return bytes.Equal(r.data, sum[:])
	case digestSHA512:
		sum := sha512.Sum512(text)
		return bytes.Equal(r.data, sum[:])
	}
	return false
}

// strongest leaves out digests where the server has a stronger one for the same usage and selector, so that what breaks
// the weaker breaks nothing (RFC 7671, section 9).
func strongest(records []record) []record {
	type pair struct {
		usage    usage
		selector uint8
	}
	best := map[pair]uint8{}
	for _, r := range records {
		p := pair{r.usage, r.selector}
		best[p] = max(best[p], r.matching)
	}
	var kept []record
	for _, r := range records {
		if r.matching == exact || r.matching == best[pair{r.usage, r.selector}] {
			kept = append(kept, r)
		}
	}
	return kept
}

// certificate is the certificate that a record holds whole, nil when it holds none.
func (r record) certificate() *x509.Certificate {
	if r.selector != wholeCertificate || r.matching != exact {
		return nil
	}
	c, err := x509.ParseCertificate(r.data)
	if err != nil {
		return nil
	}
	return c
}
