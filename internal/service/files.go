package service

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"os"
	"path"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
)

// Files reads the certificates and keys that the policy names by path. In the daemon another process does, so that keys
// stay out of the one that faces the network.
type Files interface {
	// Stamp tells two versions of a file apart without reading it.
	Stamp(file string) (string, error)
	// Chain gives the certificates of a file in PEM, and whether there is a private key in it too.
	Chain(file string) (pem []byte, hasKey bool, err error)
	// Key gives the first private key of a file; release says that it is not used any more.
	Key(file string) (key crypto.Signer, release func(), err error)
}

// localFiles reads them in this process.
type localFiles struct {
	open func(string) (*os.File, error)
}

// Stamp implements Files.
func (l localFiles) Stamp(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil {
		return "", err
	}
	return linux.FileStamp(info), nil
}

// Chain implements Files.
func (l localFiles) Chain(file string) ([]byte, bool, error) {
	text, err := l.read(file)
	return text, bytes.Contains(text, []byte("PRIVATE KEY-----")), err
}

// Key implements Files.
func (l localFiles) Key(file string) (crypto.Signer, func(), error) {
	text, err := l.read(file)
	if err != nil {
		return nil, nil, err
	}
	key, err := keys.ParseKey(text)
	return key, func() {}, err
}

func (l localFiles) read(file string) ([]byte, error) {
	f, err := l.open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f)
}

// source is where a credential is read from. An empty path is what the program gave itself.
type source struct{ chain, key, staple string }

// sourceIn is the source of a credential that the policy names.
func sourceIn(f policy.CertificateFiles) source {
	return source{chain: f.Chain, key: f.Key, staple: f.OCSP}
}

// sourceOf is the source of a credential that a program names.
func sourceOf(c abi.Credential) source {
	return source{chain: clean(c.ChainPath), key: clean(c.KeyPath)}
}

// clean makes the path that is granted and the one that is read the same.
func clean(file string) string {
	if file == "" {
		return ""
	}
	return path.Clean(file)
}

// paths are those that are not empty.
func (s source) paths() (list []string) {
	for _, p := range []string{s.chain, s.key} {
		if p != "" {
			list = append(list, p)
		}
	}
	return list
}

// loaded is what was read from a source, as its files were then.
type loaded struct {
	stamp      string
	credential keys.Credential
	release    func()
	// refused is the stamp of a replacement that was not good.
	refused string
}

// sourcesMax bounds the sources kept.
const sourcesMax = 1024

// releaseTime is how long a replaced key may still be in use by a handshake.
const releaseTime = 2 * time.Minute

// files keeps what was read from files, and reads it again when they change. A replacement that is not good, such as a
// certificate whose key has not been replaced yet, leaves what was there before.
type files struct {
	from Files
	// read reads what is no secret.
	read func(file string) ([]byte, error)
	// warn says that a replacement is not good, unstapled that a staple is not.
	warn, unstapled func(s source, err error)

	mu    sync.Mutex
	known map[source]*loaded
}

// stamp tells two versions of a source apart.
func (f *files) stamp(s source) (string, error) {
	all := ""
	for _, p := range s.paths() {
		one, err := f.from.Stamp(p)
		if err != nil {
			return "", err
		}
		all += one + "\n"
	}
	if s.staple != "" { // it need not be there
		one, err := f.from.Stamp(s.staple)
		if err != nil {
			one = "none"
		}
		all += one
	}
	return all, nil
}

// credential is what a source has: chain and key, or one of them.
func (f *files) credential(s source) (keys.Credential, error) {
	stamp, err := f.stamp(s)
	f.mu.Lock()
	have := f.known[s]
	f.mu.Unlock()
	if have != nil && err == nil && (stamp == have.stamp || stamp == have.refused) {
		return have.credential, nil
	}
	if err == nil || have == nil { // to load says better what is wrong
		var fresh *loaded
		if fresh, err = f.load(s); err == nil {
			fresh.stamp = stamp
			f.keep(s, fresh)
			return fresh.credential, nil
		}
	}
	if have == nil {
		return keys.Credential{}, err
	}
	f.refuse(s, have, stamp, err)
	return have.credential, nil
}

func (f *files) load(s source) (*loaded, error) {
	n := &loaded{release: func() {}}
	var err error
	given := abi.Credential{}
	if s.chain != "" {
		if given.Chain, _, err = f.from.Chain(s.chain); err != nil {
			return nil, err
		}
	}
	if s.key != "" {
		var key crypto.Signer
		if key, n.release, err = f.from.Key(s.key); err != nil {
			return nil, err
		}
		n.credential.Signer = key
	}
	if s.chain != "" {
		n.credential, err = keys.WithSigner(given, n.credential.Signer)
	}
	if err != nil {
		n.release()
		return nil, err
	}
	if s.staple != "" {
		n.credential.Staple = f.staple(s, n.credential.Chain)
	}
	return n, nil
}

// staple is what is stapled to a chain. One that is not good, as that of the certificate before, is left out: it would
// keep a good certificate from being served.
func (f *files) staple(s source, chain []*x509.Certificate) keys.Staple {
	text, err := f.read(s.staple)
	if err == nil {
		var good keys.Staple
		if good, err = keys.ParseStaple(text, chain); err == nil {
			return good
		}
	}
	f.unstapled(s, err)
	return keys.Staple{}
}

// keep replaces what was known. A handshake that has begun may still sign with the old key.
func (f *files) keep(s source, fresh *loaded) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if old := f.known[s]; old != nil {
		time.AfterFunc(releaseTime, old.release)
	}
	if len(f.known) >= sourcesMax {
		for one, old := range f.known {
			time.AfterFunc(releaseTime, old.release)
			delete(f.known, one)
			break
		}
	}
	f.known[s] = fresh
}

// refuse says once that a replacement is not good.
func (f *files) refuse(s source, have *loaded, stamp string, err error) {
	if stamp == "" {
		stamp = "gone"
	}
	f.mu.Lock()
	said := have.refused == stamp
	have.refused = stamp
	f.mu.Unlock()
	if !said {
		f.warn(s, err)
	}
}
