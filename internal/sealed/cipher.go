package sealed

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// KeySize is the size of a key, in bytes.
const KeySize = 32

// suffix ends the names of files. A change of their form gets another one.
const suffix = ".v1"

// cipherOf makes and opens the files of a key.
type cipherOf struct {
	names []byte
	aead  cipher.AEAD
}

// newCipher derives a key for names and one for contents (RFC 5869).
func newCipher(key []byte) (c cipherOf, err error) {
	if len(key) != KeySize {
		return c, fmt.Errorf("seal files: a key of %d bytes, not %d", len(key), KeySize)
	}
	if c.names, err = hkdf.Expand(sha256.New, key, "ssa sealed names", KeySize); err != nil {
		return c, err
	}
	contents, err := hkdf.Expand(sha256.New, key, "ssa sealed contents", KeySize)
	if err != nil {
		return c, err
	}
	block, err := aes.NewCipher(contents)
	if err == nil {
		c.aead, err = cipher.NewGCMWithRandomNonce(block)
	}
	return c, err
}

// name is the file of an identifier: whoever reads the directory cannot tell what is kept.
func (c cipherOf) name(id [32]byte) string {
	h := hmac.New(sha256.New, c.names)
	h.Write(id[:])
	return hex.EncodeToString(h.Sum(nil)) + suffix
}

// named says whether a name has the form of one of ours.
func (c cipherOf) named(name string) bool {
	digits, ok := strings.CutSuffix(name, suffix)
	b, err := hex.DecodeString(digits)
	return ok && err == nil && len(b) == sha256.Size
}

// seal is the text of a file: the end of its secret in seconds since 1970, and the secret. It belongs to one name.
func (c cipherOf) seal(name string, until time.Time, secret []byte) []byte {
	plain := append(binary.BigEndian.AppendUint64(nil, uint64(until.Unix())), secret...)
	return c.aead.Seal(nil, nil, plain, []byte(name))
}

// open undoes seal.
func (c cipherOf) open(name string, text []byte) (until time.Time, secret []byte, err error) {
	plain, err := c.aead.Open(nil, nil, text, []byte(name))
	if err != nil {
		return until, nil, err
	}
	if len(plain) < 8 {
		return until, nil, errors.New("too short")
	}
	return time.Unix(int64(binary.BigEndian.Uint64(plain)), 0), plain[8:], nil
}

// readAll reads what may be a file of ours, and no more.
func readAll(r io.Reader) ([]byte, error) {
	const most = SecretMax + 1<<10
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && len(text) > most {
		err = errors.New("too large")
	}
	return text, err
}
