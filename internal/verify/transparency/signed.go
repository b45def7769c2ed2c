package transparency

import (
	"crypto/sha256"
	"crypto/x509"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Values of RFC 6962, sections 3.1 and 3.2.
const (
	signatureTypeTimestamp = 0
	entryX509              = 0
	entryPrecert           = 1
)

// an entry is what a log signs about: the certificate, or what the certificate was before it held timestamps.
type entry struct {
	kind uint16
	body []byte
}

// certificateEntry is the entry for timestamps that come beside the certificate.
func certificateEntry(c *x509.Certificate) (entry, error) {
	var b cryptobyte.Builder
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(c.Raw) })
	body, err := b.Bytes()
	return entry{entryX509, body}, err
}

// precertEntry is the entry for timestamps inside the certificate. issuer is the certificate's.
func precertEntry(c, issuer *x509.Certificate) (entry, error) {
	tbs, err := withoutTimestamps(c.RawTBSCertificate)
	if err != nil {
		return entry{}, err
	}
	hash := sha256.Sum256(issuer.RawSubjectPublicKeyInfo)
	var b cryptobyte.Builder
	b.AddBytes(hash[:])
	b.AddUint24LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(tbs) })
	body, err := b.Bytes()
	return entry{entryPrecert, body}, err
}

// signed is what the signature of a timestamp covers (RFC 6962, section 3.2).
func (s sct) signed(e entry) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddUint8(0) // version 1
	b.AddUint8(signatureTypeTimestamp)
	b.AddUint64(s.millis)
	b.AddUint16(e.kind)
	b.AddBytes(e.body)
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { b.AddBytes(s.extensions) })
	return b.Bytes()
}

var errTBS = errors.New("the certificate has another form than X.509 version 3")

// extensionsTag is the field of TBSCertificate that holds the extensions (RFC 5280, section 4.1).
var extensionsTag = asn1.Tag(3).Constructed().ContextSpecific()

// withoutTimestamps is a TBSCertificate without the extension that holds the timestamps: what the log saw, but for the
// poison, which the final certificate has not (RFC 6962, section 3.2). All other bytes stay as they are.
func withoutTimestamps(tbs []byte) ([]byte, error) {
	in := cryptobyte.String(tbs)
	var fields cryptobyte.String
	if !in.ReadASN1(&fields, asn1.SEQUENCE) || !in.Empty() {
		return nil, errTBS
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for !fields.Empty() {
			var field cryptobyte.String
			var tag asn1.Tag
			if !fields.ReadAnyASN1Element(&field, &tag) {
				b.SetError(errTBS)
				return
			}
			if tag == extensionsTag {
				addExtensions(b, field)
				continue
			}
			b.AddBytes(field)
		}
	})
	return b.Bytes()
}

// addExtensions copies the extensions, but for the one with the timestamps.
func addExtensions(b *cryptobyte.Builder, field cryptobyte.String) {
	var outer, list cryptobyte.String
	if !field.ReadASN1(&outer, extensionsTag) || !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() {
		b.SetError(errTBS)
		return
	}
	b.AddASN1(extensionsTag, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for !list.Empty() {
				addExtension(b, &list)
			}
		})
	})
}

func addExtension(b *cryptobyte.Builder, list *cryptobyte.String) {
	var element cryptobyte.String
	if !list.ReadASN1Element(&element, asn1.SEQUENCE) {
		b.SetError(errTBS)
		return
	}
	inner := element
	var fields, oid cryptobyte.String
	if !inner.ReadASN1(&fields, asn1.SEQUENCE) || !fields.ReadASN1(&oid, asn1.OBJECT_IDENTIFIER) {
		b.SetError(errTBS)
		return
	}
	if string(oid) != string(embeddedDER()) {
		b.AddBytes(element)
	}
}

// embeddedDER is the content of the extension's object identifier in DER.
func embeddedDER() []byte { return []byte{0x2b, 6, 1, 4, 1, 0xd6, 0x79, 2, 4, 2} }
