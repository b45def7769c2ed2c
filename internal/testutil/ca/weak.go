package ca

import (
	"bytes"
	"crypto"
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"testing"
)

// RSAKey makes an RSA key of any size from 1024 bits.
func RSAKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatalf("make RSA key: %v", err)
	}
	return key
}

// What stands at the end of the object identifiers of the signature algorithms (RFC 8017, appendix A.2.4).
const (
	md5WithRSA  = 4
	sha1WithRSA = 5
)

// ResignMD5 is the certificate with its signature replaced by one with MD5. The issuer's key must be RSA.
func (e *Entity) ResignMD5(t testing.TB, issuer *Entity) *Entity {
	t.Helper()
	return e.resign(t, issuer, md5WithRSA, func(tbs []byte) (crypto.Hash, []byte) {
		sum := md5.Sum(tbs)
		return crypto.MD5, sum[:]
	})
}

// ResignSHA1 is the same with SHA-1.
func (e *Entity) ResignSHA1(t testing.TB, issuer *Entity) *Entity {
	t.Helper()
	return e.resign(t, issuer, sha1WithRSA, func(tbs []byte) (crypto.Hash, []byte) {
		sum := sha1.Sum(tbs)
		return crypto.SHA1, sum[:]
	})
}

func (e *Entity) resign(t testing.TB, issuer *Entity, algorithm byte, digest func([]byte) (crypto.Hash, []byte)) *Entity {
	t.Helper()
	// sha256WithRSAEncryption has the same length in DER.
	oid := []byte{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11}
	other := append(bytes.Clone(oid[:8]), algorithm)
	tbs := bytes.ReplaceAll(e.RawTBSCertificate, oid, other)
	key, ok := issuer.Key.(*rsa.PrivateKey)
	if !ok || bytes.Equal(tbs, e.RawTBSCertificate) {
		t.Fatal("the certificate was not signed with RSA and SHA-256")
	}
	hash, sum := digest(tbs)
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, hash, sum)
	if err != nil {
		t.Fatalf("sign with %v: %v", hash, err)
	}
	return &Entity{assemble(t, tbs, bytes.ReplaceAll(algorithmOf(t, e.Raw), oid, other), signature), e.Key}
}

// Damage is the certificate with one bit of its signature changed.
func (e *Entity) Damage(t testing.TB) *Entity {
	t.Helper()
	signature := bytes.Clone(e.Signature)
	signature[len(signature)-1] ^= 1
	return &Entity{assemble(t, e.RawTBSCertificate, algorithmOf(t, e.Raw), signature), e.Key}
}

type certificate struct {
	TBS, Algorithm asn1.RawValue
	Signature      asn1.BitString
}

func algorithmOf(t testing.TB, der []byte) []byte {
	t.Helper()
	var c certificate
	if _, err := asn1.Unmarshal(der, &c); err != nil {
		t.Fatalf("read certificate: %v", err)
	}
	return c.Algorithm.FullBytes
}

func assemble(t testing.TB, tbs, algorithm, signature []byte) *x509.Certificate {
	t.Helper()
	der, err := asn1.Marshal(certificate{
		asn1.RawValue{FullBytes: tbs}, asn1.RawValue{FullBytes: algorithm},
		asn1.BitString{Bytes: signature, BitLength: len(signature) * 8},
	})
	if err != nil {
		t.Fatalf("write certificate: %v", err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatalf("parse certificate: %v", err)
	}
	return c
}
