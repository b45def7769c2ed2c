package ca

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/big"
	"testing"
)

// CRLSet is a set of revocations as Chromium's component has it, with more in its header, and serial numbers by issuer.
func CRLSet(t testing.TB, header map[string]any, issuers map[*x509.Certificate][]*big.Int) []byte {
	t.Helper()
	h := map[string]any{"Version": 0, "ContentType": "CRLSet", "Sequence": 8000, "DeltaFrom": 0, "NumParents": len(issuers)}
	maps.Copy(h, header)
	t.Helper()
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.LittleEndian.AppendUint16(nil, uint16(len(text)))
	out = append(out, text...)
	for issuer, serials := range issuers {
		key := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
		out = append(out, key[:]...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(serials)))
		for _, n := range serials {
			// As in DER: a leading zero keeps the number positive.
			b := n.Bytes()
			if b[0] >= 0x80 {
				b = append([]byte{0}, b...)
			}
			out = append(append(out, byte(len(b))), b...)
		}
	}
	return out
}

// KeyHash is the SHA-256 of a certificate's SubjectPublicKeyInfo in base64.
func KeyHash(c *x509.Certificate) string {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}
