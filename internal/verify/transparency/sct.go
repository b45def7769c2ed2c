package transparency

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/ocsp"
)

// sctsMax bounds the timestamps that are looked at from one place, so that a peer cannot make us verify without end.
const sctsMax = 16

// oidEmbedded is the extension of a certificate, oidStapled that of an OCSP response (RFC 6962, section 3.3).
func oidEmbedded() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}
}

func oidStapled() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 5}
}

// source is where a timestamp came from.
type source string

// The sources.
const (
	embedded  source = "the certificate"
	stapled   source = "the OCSP response"
	handshake source = "the handshake"
)

// sct is a signed certificate timestamp (RFC 6962, section 3.2).
type sct struct {
	source     source
	log        [sha256.Size]byte
	millis     uint64
	extensions []byte
	hash, alg  uint8
	signature  []byte
}

// time is when the log promised to publish the certificate.
func (s sct) time() time.Time { return time.UnixMilli(int64(min(s.millis, 1<<62))) }

// errVersion is a timestamp of another version, which clients pass over (RFC 6962, section 3.3).
var errVersion = errors.New("a timestamp of an unknown version")

// parseSCT decodes SignedCertificateTimestamp.
func parseSCT(raw []byte) (sct, error) {
	s, in := sct{}, cryptobyte.String(raw)
	var version uint8
	if !in.ReadUint8(&version) {
		return sct{}, errors.New("an empty timestamp")
	}
	if version != 0 {
		return sct{}, errVersion
	}
	var extensions, signature cryptobyte.String
	ok := in.CopyBytes(s.log[:]) && in.ReadUint64(&s.millis) && in.ReadUint16LengthPrefixed(&extensions) &&
		in.ReadUint8(&s.hash) && in.ReadUint8(&s.alg) && in.ReadUint16LengthPrefixed(&signature) && in.Empty()
	if !ok {
		return sct{}, errors.New("a damaged timestamp")
	}
	s.extensions, s.signature = extensions, signature
	return s, nil
}

// splitList takes SignedCertificateTimestampList apart (RFC 6962, section 3.3).
func splitList(raw []byte) ([][]byte, error) {
	in := cryptobyte.String(raw)
	var list cryptobyte.String
	if !in.ReadUint16LengthPrefixed(&list) || !in.Empty() || list.Empty() {
		return nil, errors.New("a damaged list of timestamps")
	}
	var all [][]byte
	for !list.Empty() {
		var one cryptobyte.String
		if !list.ReadUint16LengthPrefixed(&one) || one.Empty() {
			return nil, errors.New("a damaged list of timestamps")
		}
		if len(all) == sctsMax {
			return nil, fmt.Errorf("more than %d timestamps in a list", sctsMax)
		}
		all = append(all, one)
	}
	return all, nil
}

// inCertificate gives the timestamps in a certificate, none when it has no extension for them.
func inCertificate(c *x509.Certificate) ([][]byte, error) {
	for _, e := range c.Extensions {
		if e.Id.Equal(oidEmbedded()) {
			return octets(e.Value)
		}
	}
	return nil, nil
}

// inOCSP gives the timestamps in a stapled OCSP response. Whether the response itself is good is the business of others:
// a timestamp has its own signature.
func inOCSP(response []byte, leaf *x509.Certificate) ([][]byte, error) {
	if len(response) == 0 {
		return nil, nil
	}
	r, err := ocsp.ParseResponseForCert(response, leaf, nil)
	if err != nil {
		return nil, fmt.Errorf("an OCSP response that cannot be read: %.100q", err.Error())
	}
	for _, e := range r.Extensions {
		if e.Id.Equal(oidStapled()) {
			return octets(e.Value)
		}
	}
	return nil, nil
}

// octets is a list inside an OCTET STRING, which is what both extensions hold.
func octets(value []byte) ([][]byte, error) {
	var list []byte
	if rest, err := asn1.Unmarshal(value, &list); err != nil || len(rest) > 0 {
		return nil, errors.New("a damaged extension with timestamps")
	}
	return splitList(list)
}
