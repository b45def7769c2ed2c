package agent

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
)

// keysMax bounds the keys that are held at once.
const keysMax = 1 << 16

// Config is what the process is made of.
type Config struct {
	// Open opens a file that the policy names; nil is os.Open.
	Open func(path string) (*os.File, error)
	// Named says whether the policy names a file; no other is read.
	Named func(path string) bool
}

// holder holds keys. Its client is the one process at the other end, which may have been taken over by whoever it talks
// to: what it can get here is signatures, never a key.
type holder struct {
	open  func(string) (*os.File, error)
	named func(string) bool
	calls map[string]func(*holder, *rpc.Call) (any, error)

	mu   sync.Mutex
	keys map[string]crypto.Signer
}

// Serve is the process: it answers the one at the other end of fd until that ends.
func Serve(ctx context.Context, fd linux.FD, c Config) error {
	h := &holder{open: c.Open, named: c.Named, keys: map[string]crypto.Signer{}, calls: map[string]func(*holder, *rpc.Call) (any, error){
		methodLoad:    (*holder).load,
		methodOpen:    (*holder).openKey,
		methodChain:   (*holder).chain,
		methodStamp:   (*holder).stamp,
		methodRelease: (*holder).release,
		methodSign:    (*holder).sign,
		methodDecrypt: (*holder).decrypt,
	}}
	if h.open == nil {
		h.open = os.Open
	}
	return rpc.Serve(ctx, fd, func(_ context.Context, c *rpc.Call) (any, error) {
		do := h.calls[c.Method]
		if do == nil {
			return nil, fmt.Errorf("there is no method %.40q", c.Method)
		}
		return do(h, c)
	})
}

// load takes the keys of a request.
func (h *holder) load(c *rpc.Call) (any, error) {
	file := c.FD()
	defer func() { _ = file.Close() }()
	var in loadCall
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	texts, err := split(file, in.Sizes)
	if err != nil {
		return nil, abi.Failf(abi.Invalid, "take private keys over: %w", err)
	}
	var list []keyOf
	for _, text := range texts {
		var k keyOf
		if text != nil {
			k, err = h.hold(text)
		}
		if err != nil {
			h.drop(list)
			return nil, err
		}
		list = append(list, k)
	}
	return list, nil
}

// split reads a memory file in which keys of these sizes follow each other.
func split(file linux.FD, sizes []int) ([][]byte, error) {
	total, err := linux.MemorySize(file)
	if err != nil {
		return nil, err
	}
	if len(sizes) > abi.CredentialsMax || total > abi.CredentialsMax*abi.ValueMax {
		return nil, fmt.Errorf("%d keys in %d bytes", len(sizes), total)
	}
	all := make([]byte, total)
	if err := linux.ReadMemoryFile(file, all); err != nil {
		return nil, err
	}
	list := make([][]byte, len(sizes))
	for i, n := range sizes {
		if n < 0 {
			continue
		}
		if n > len(all) {
			return nil, fmt.Errorf("key %d has %d bytes, %d are left", i+1, n, len(all))
		}
		list[i], all = all[:n:n], all[n:]
	}
	return list, nil
}

// hold keeps a key in PEM under a handle that cannot be guessed.
func (h *holder) hold(text []byte) (keyOf, error) {
	signer, err := keys.ParseKey(text)
	if err != nil {
		return keyOf{}, err
	}
	public, err := x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return keyOf{}, abi.Failf(abi.Invalid, "TLS_PRIVATE_KEY: %w", err)
	}
	var name [16]byte
	_, _ = rand.Read(name[:]) // documented never to fail
	k := keyOf{Handle: hex.EncodeToString(name[:]), Public: public}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.keys) >= keysMax {
		return keyOf{}, abi.Failf(abi.Exhausted, "TLS_PRIVATE_KEY: the TLS service holds %d keys, which is its limit", keysMax)
	}
	h.keys[k.Handle] = signer
	return k, nil
}

func (h *holder) drop(list []keyOf) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range list {
		delete(h.keys, k.Handle)
	}
}

func (h *holder) release(c *rpc.Call) (any, error) {
	var in releaseCall
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	var list []keyOf
	for _, name := range in.Handles {
		list = append(list, keyOf{Handle: name})
	}
	h.drop(list)
	return nil, nil
}

func (h *holder) key(handle string) (crypto.Signer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := h.keys[handle]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("there is no such key")
}

func (h *holder) sign(c *rpc.Call) (any, error) {
	var in signCall
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	k, err := h.key(in.Handle)
	if err != nil {
		return nil, err
	}
	var opts crypto.SignerOpts = in.Hash
	if in.PSS {
		opts = &rsa.PSSOptions{SaltLength: in.Salt, Hash: in.Hash}
	}
	return k.Sign(rand.Reader, in.Digest, opts)
}

func (h *holder) decrypt(c *rpc.Call) (any, error) {
	var in decryptCall
	if err := c.Decode(&in); err != nil {
		return nil, err
	}
	k, err := h.key(in.Handle)
	if err != nil {
		return nil, err
	}
	d, ok := k.(crypto.Decrypter)
	if !ok || in.Length < 1 || in.Length > 256 {
		return nil, fmt.Errorf("decrypt a session key of %d bytes with a key of type %T", in.Length, k)
	}
	//lint:ignore SA1019 the key exchange of TLS 1.2 without forward secrecy, where a policy still allows it
	return d.Decrypt(rand.Reader, in.Ciphertext, &rsa.PKCS1v15DecryptOptions{SessionKeyLen: in.Length}) //nolint:staticcheck // as above
}
