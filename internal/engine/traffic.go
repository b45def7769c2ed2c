package engine

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// Content types of TLS 1.3 (RFC 8446, section 5.1).
const (
	typeAlert       = 21
	typeHandshake   = 22
	typeApplication = 23
)

const (
	// recordExtra is what protection adds to the plaintext: the content type and the tag.
	recordExtra = 1 + 16
	// innerMax is the most a protected record may hold besides its header (RFC 8446, section 5.2).
	innerMax = recordPlain + 256
	// sealsMax is how many records one key may protect. AES-GCM bears 2^24.5 full ones (RFC 8446, section 5.5).
	sealsMax = 1 << 24
)

// suite is what a cipher suite of TLS 1.3 does to records.
type suite struct {
	hash func() hash.Hash
	key  int
	aead func(key []byte) (cipher.AEAD, error)
}

func findSuite(id uint16) (suite, error) {
	switch id {
	case tls.TLS_AES_128_GCM_SHA256:
		return suite{sha256.New, 16, newGCM}, nil
	case tls.TLS_AES_256_GCM_SHA384:
		return suite{sha512.New384, 32, newGCM}, nil
	case tls.TLS_CHACHA20_POLY1305_SHA256:
		return suite{sha256.New, chacha20poly1305.KeySize, chacha20poly1305.New}, nil
	}
	return suite{}, fmt.Errorf("the cipher suite %#x is none of TLS 1.3", id)
}

func newGCM(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// expand is HKDF-Expand-Label without a context (RFC 8446, section 7.1).
func (s suite) expand(secret []byte, label string, length int) ([]byte, error) {
	label = "tls13 " + label
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(append(append(info, byte(len(label))), label...), 0)
	return hkdf.Expand(s.hash, secret, string(info), length)
}

// traffic protects the records of one direction. It is not safe for concurrent use.
type traffic struct {
	suite  suite
	secret []byte
	aead   cipher.AEAD
	iv     [12]byte
	seq    uint64
	// nonce is here because what is given to an interface would be allocated for each record.
	nonce [12]byte
}

func newTraffic(s suite, secret []byte) (*traffic, error) {
	t := &traffic{suite: s}
	return t, t.rekey(secret)
}

// rekey derives keys from a secret and begins to count anew (RFC 8446, section 7.3).
func (t *traffic) rekey(secret []byte) error {
	key, err := t.suite.expand(secret, "key", t.suite.key)
	if err != nil {
		return err
	}
	iv, err := t.suite.expand(secret, "iv", len(t.iv))
	if err != nil {
		return err
	}
	t.secret, t.seq, t.iv = secret, 0, [12]byte(iv)
	t.aead, err = t.suite.aead(key)
	return err
}

// update goes on to the next secret (RFC 8446, section 7.2).
func (t *traffic) update() error {
	next, err := t.suite.expand(t.secret, "traffic upd", len(t.secret))
	if err != nil {
		return err
	}
	return t.rekey(next)
}

// next is the nonce of the next record (RFC 8446, section 5.3).
func (t *traffic) next() []byte {
	t.nonce = t.iv
	low := t.nonce[4:]
	binary.BigEndian.PutUint64(low, binary.BigEndian.Uint64(low)^t.seq)
	t.seq++
	return t.nonce[:]
}

// seal protects the n bytes that stand in b behind the room for a header, in place, and gives the whole record. b
// has room for recordExtra more.
func (t *traffic) seal(b []byte, n int, kind byte) []byte {
	b = b[:frameHeader+n+1]
	b[frameHeader+n] = kind
	copy(b, []byte{typeApplication, 3, 3})
	binary.BigEndian.PutUint16(b[3:], uint16(n+recordExtra))
	return t.aead.Seal(b[:frameHeader], t.next(), b[frameHeader:], b[:frameHeader])
}

// open gives what a whole record holds, decrypted in place, and its content type; 0 is none.
func (t *traffic) open(record []byte) (plain []byte, kind byte, err error) {
	plain, err = t.aead.Open(record[frameHeader:frameHeader], t.next(), record[frameHeader:], record[:frameHeader])
	if err != nil {
		return nil, 0, err
	}
	plain = bytes.TrimRight(plain, "\x00") // padding (RFC 8446, section 5.4)
	if len(plain) == 0 {
		return nil, 0, nil
	}
	return plain[:len(plain)-1], plain[len(plain)-1], nil
}

// trialsMax bounds the records of a server's session ticket, of 64 KB at most.
const trialsMax = 8

// resume continues behind the records that crypto/tls has protected with the same keys, of which this is the last;
// one under other keys says that there was none.
func (t *traffic) resume(record []byte) {
	for seq := range uint64(trialsMax) {
		t.seq = seq
		if _, _, err := t.open(bytes.Clone(record)); err == nil {
			return
		}
	}
	t.seq = 0
}
