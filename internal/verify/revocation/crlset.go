package revocation

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// crlSetMax bounds a CRLSet in bytes; Chromium's have less than one million.
const crlSetMax = 16 << 20

// digest is SHA-256.
type digest = [sha256.Size]byte

// A CRLSet is Chromium's selection of revocations (net/cert/crl_set.cc):
//
//	2 bytes, little endian: length of the header
//	header: JSON
//	for each issuer:
//	  32 bytes: SHA-256 of its SubjectPublicKeyInfo
//	   4 bytes, little endian: number of certificates
//	  for each: 1 byte length, serial number
//
// It carries no signature of its own: the file is the administrator's.
type CRLSet struct {
	// Sequence counts the sets. NotAfter is the end of its life; zero when it has none.
	Sequence int64
	NotAfter time.Time
	serials  map[digest]map[string]struct{}
	blocked  map[digest]struct{}
	limited  map[digest]map[digest]struct{}
}

// crlSetHeader is the JSON.
type crlSetHeader struct {
	Version                  int
	ContentType              string
	Sequence                 int64
	DeltaFrom                int64
	NumParents               int
	NotAfter                 int64
	BlockedSPKIs             []string
	BlockedInterceptionSPKIs []string
	LimitedSubjects          map[string][]string
}

var errShortSet = errors.New("the CRLSet ends too early")

// ParseCRLSet reads a set.
func ParseCRLSet(text []byte) (*CRLSet, error) {
	if len(text) > crlSetMax {
		return nil, fmt.Errorf("the CRLSet has %d bytes; at most %d are looked at", len(text), crlSetMax)
	}
	if len(text) < 2 || len(text)-2 < int(binary.LittleEndian.Uint16(text)) {
		return nil, errShortSet
	}
	n := 2 + int(binary.LittleEndian.Uint16(text))
	var h crlSetHeader
	if err := json.Unmarshal(text[2:n], &h); err != nil {
		return nil, fmt.Errorf("the header of the CRLSet is malformed: %.200q", err.Error())
	}
	if h.ContentType != "CRLSet" || h.Version != 0 || h.DeltaFrom != 0 {
		return nil, fmt.Errorf("the file is no CRLSet of version 0: it is %.40q of version %d, made from %d", h.ContentType, h.Version, h.DeltaFrom)
	}
	s := &CRLSet{Sequence: h.Sequence}
	if h.NotAfter != 0 {
		s.NotAfter = time.Unix(h.NotAfter, 0)
	}
	if err := s.header(h); err != nil {
		return nil, err
	}
	return s, s.issuers(text[n:], h.NumParents)
}

func (s *CRLSet) header(h crlSetHeader) (err error) {
	if s.blocked, err = digests(append(h.BlockedSPKIs, h.BlockedInterceptionSPKIs...)); err != nil {
		return err
	}
	s.limited = map[digest]map[digest]struct{}{}
	for subject, keys := range h.LimitedSubjects {
		of, err := digests([]string{subject})
		if err != nil {
			return err
		}
		for d := range of {
			if s.limited[d], err = digests(keys); err != nil {
				return err
			}
		}
	}
	return nil
}

func digests(texts []string) (map[digest]struct{}, error) {
	set := map[digest]struct{}{}
	for _, t := range texts {
		b, err := base64.StdEncoding.DecodeString(t)
		if err != nil || len(b) != sha256.Size {
			return nil, fmt.Errorf("the header of the CRLSet has %.80q for a SHA-256 digest", t)
		}
		set[digest(b)] = struct{}{}
	}
	return set, nil
}

func (s *CRLSet) issuers(b []byte, count int) error {
	s.serials = map[digest]map[string]struct{}{}
	for ; len(b) > 0; count-- {
		if len(b) < sha256.Size+4 {
			return errShortSet
		}
		key, n := digest(b[:sha256.Size]), binary.LittleEndian.Uint32(b[sha256.Size:])
		b = b[sha256.Size+4:]
		if uint64(n) > uint64(len(b)) {
			return errShortSet
		}
		if s.serials[key] == nil {
			s.serials[key] = make(map[string]struct{}, n)
		}
		for range n {
			if len(b) == 0 || len(b)-1 < int(b[0]) {
				return errShortSet
			}
			serial := b[1 : 1+b[0]]
			s.serials[key][trimZeros(serial)] = struct{}{}
			b = b[1+len(serial):]
		}
	}
	if count != 0 {
		return errors.New("the CRLSet has another number of issuers than its header says")
	}
	return nil
}

// trimZeros is a serial number as big.Int.Bytes has it.
func trimZeros(b []byte) string {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	return string(b)
}

// about is what the set says. It covers the issuers it lists; after its end it condemns only.
func (s *CRLSet) about(q subject, now time.Time) finding {
	key, issuer := sha256.Sum256(q.cert.RawSubjectPublicKeyInfo), sha256.Sum256(q.issuer.RawSubjectPublicKeyInfo)
	_, blocked := s.blocked[key]
	_, issuerBlocked := s.blocked[issuer]
	serials, covered := s.serials[issuer]
	_, listed := serials[string(q.cert.SerialNumber.Bytes())]
	switch {
	case blocked || issuerBlocked:
		return finding{revoked, "the CRLSet blocks its key or that of its issuer"}
	case listed:
		return finding{revoked, "the CRLSet says: revoked"}
	case s.outOfBounds(q.cert, key):
		return finding{revoked, "the CRLSet limits its subject to other keys"}
	case !covered:
		return finding{}
	case !s.NotAfter.IsZero() && now.After(s.NotAfter):
		return failedf("the CRLSet is out of date since %s", day(s.NotAfter))
	}
	return finding{good, "the CRLSet says: not revoked"}
}

// outOfBounds says whether the subject may have some keys only, and this is none of them.
func (s *CRLSet) outOfBounds(c *x509.Certificate, key digest) bool {
	keys, limited := s.limited[sha256.Sum256(c.RawSubject)]
	_, ok := keys[key]
	return limited && !ok
}
