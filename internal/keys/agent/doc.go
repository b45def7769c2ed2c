// Package agent keeps private keys in a process of their own. Serve is that process: it is given keys, or told where they
// are, and signs with them; it never gives one away. Client is what the process that faces the network has of it: a
// handle for each key, and a crypto.Signer.
package agent

import "crypto"

// The methods of the process.
const (
	methodLoad    = "load"
	methodOpen    = "open"
	methodChain   = "chain"
	methodStamp   = "stamp"
	methodRelease = "release"
	methodSign    = "sign"
	methodDecrypt = "decrypt"
)

// loadCall comes with a memory file in which the keys follow each other; -1 is none.
type loadCall struct {
	Sizes []int `json:"sizes"`
}

// openCall names a file. For a chain it comes with a memory file to write the certificates to.
type openCall struct {
	Path string `json:"path"`
}

// keyOf is what the client learns of a key; the zero value is none.
type keyOf struct {
	Handle string `json:"handle,omitempty"`
	// Public is the public key in PKIX form.
	Public []byte `json:"public,omitempty"`
}

// chainResult is how much was written.
type chainResult struct {
	Size int `json:"size"`
	// Key says that the file holds a private key too.
	Key bool `json:"key"`
}

type releaseCall struct {
	Handles []string `json:"handles"`
}

type signCall struct {
	Handle string      `json:"handle"`
	Digest []byte      `json:"digest"`
	Hash   crypto.Hash `json:"hash"`
	// PSS says that RSA signs with PSS and the salt of the length given; else with PKCS #1 v1.5.
	PSS  bool `json:"pss"`
	Salt int  `json:"salt"`
}

type decryptCall struct {
	Handle     string `json:"handle"`
	Ciphertext []byte `json:"ciphertext"`
	// Length is that of the session key. A ciphertext that is wrong yields a random one (RFC 5246, section 7.4.7.1).
	Length int `json:"length"`
}
