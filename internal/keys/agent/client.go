package agent

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
)

// A Client has keys held and signs with them. It is safe for concurrent use.
type Client struct {
	calls *rpc.Client

	mu   sync.Mutex
	keys map[string]crypto.PublicKey
}

// NewClient makes a client of calls to the process.
func NewClient(calls *rpc.Client) *Client {
	return &Client{calls: calls, keys: map[string]crypto.PublicKey{}}
}

// prefix begins what stands for a key in abi.Credential.Key. No program can make it do so: keys of programs are never
// read here.
const prefix = "ssa-key:"

// Load has the keys of a memory file held; see wire.Keys.
func (c *Client) Load(ctx context.Context, file linux.FD, sizes []int) (handles [][]byte, release func(), err error) {
	var list []keyOf
	err = c.calls.Call(ctx, rpc.Request{Method: methodLoad, In: loadCall{sizes}, FDs: []linux.FD{file}}, &list)
	if err == nil && len(list) != len(sizes) {
		err = fmt.Errorf("%d keys of %d were taken", len(list), len(sizes))
	}
	if err != nil {
		return nil, nil, err
	}
	for _, k := range list {
		if k.Handle == "" {
			handles = append(handles, nil)
			continue
		}
		if err := c.know(k); err != nil {
			c.release(list)
			return nil, nil, err
		}
		handles = append(handles, []byte(prefix+k.Handle))
	}
	return handles, func() { c.release(list) }, nil
}

func (c *Client) know(k keyOf) error {
	public, err := x509.ParsePKIXPublicKey(k.Public)
	if err != nil {
		return fmt.Errorf("read a public key: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[k.Handle] = public
	return nil
}

// release forgets keys here and in the process.
func (c *Client) release(list []keyOf) {
	var names []string
	c.mu.Lock()
	for _, k := range list {
		if k.Handle != "" {
			delete(c.keys, k.Handle)
			names = append(names, k.Handle)
		}
	}
	c.mu.Unlock()
	if len(names) > 0 {
		_ = c.ask(rpc.Request{Method: methodRelease, In: releaseCall{names}}, nil) // with the process, its keys go
	}
}

// Signer gives the key that a handle in abi.Credential.Key stands for.
func (c *Client) Signer(handle []byte) (crypto.Signer, error) {
	name, ok := strings.CutPrefix(string(handle), prefix)
	c.mu.Lock()
	defer c.mu.Unlock()
	public := c.keys[name]
	if !ok || public == nil {
		return nil, abi.Failf(abi.Invalid, "TLS_PRIVATE_KEY: the key is not held any more")
	}
	return c.signer(name, public), nil
}

// Key has the key in a file held that the policy names, until release is called.
func (c *Client) Key(path string) (key crypto.Signer, release func(), err error) {
	var k keyOf
	if err := c.ask(rpc.Request{Method: methodOpen, In: openCall{path}}, &k); err != nil {
		return nil, nil, err
	}
	if err := c.know(k); err != nil {
		return nil, nil, err
	}
	key, err = c.Signer([]byte(prefix + k.Handle))
	return key, func() { c.release([]keyOf{k}) }, err
}

// Chain reads the certificates of a file that the policy names, and says whether there is a private key in it too.
func (c *Client) Chain(path string) (pem []byte, hasKey bool, err error) {
	file, err := linux.OpenMemory("ssa-chain")
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	var got chainResult
	if err := c.ask(rpc.Request{Method: methodChain, In: openCall{path}, FDs: []linux.FD{file}}, &got); err != nil {
		return nil, false, err
	}
	if got.Size < 0 || got.Size > 2*abi.ValueMax {
		return nil, false, fmt.Errorf("certificates of %d bytes", got.Size)
	}
	pem = make([]byte, got.Size)
	return pem, got.Key, linux.ReadMemoryFile(file, pem)
}

// Stamp tells two versions of a file apart.
func (c *Client) Stamp(path string) (stamp string, err error) {
	err = c.ask(rpc.Request{Method: methodStamp, In: openCall{path}}, &stamp)
	return stamp, err
}

// ask makes a call that cannot be given up.
func (c *Client) ask(r rpc.Request, out any) error {
	ctx, cancel := context.WithTimeout(context.Background(), signTime)
	defer cancel()
	return c.calls.Call(ctx, r, out)
}

// signTime bounds how long a signature may take.
const signTime = 10 * time.Second

// signer makes a signer that is a crypto.Decrypter where the key can decrypt.
func (c *Client) signer(name string, public crypto.PublicKey) crypto.Signer {
	s := signer{client: c, name: name, public: public}
	if _, ok := public.(*rsa.PublicKey); ok {
		return decrypter{s}
	}
	return s
}

// signer is a key in the other process.
type signer struct {
	client *Client
	name   string
	public crypto.PublicKey
}

// Public implements crypto.Signer.
func (s signer) Public() crypto.PublicKey { return s.public }

// Sign implements crypto.Signer.
func (s signer) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	in := signCall{Handle: s.name, Digest: digest, Hash: opts.HashFunc()}
	if pss, ok := opts.(*rsa.PSSOptions); ok {
		in.PSS, in.Salt = true, pss.SaltLength
	}
	if err := s.client.ask(rpc.Request{Method: methodSign, In: in}, &signature); err != nil {
		return nil, fmt.Errorf("sign with a key in another process: %w", err)
	}
	return signature, nil
}

// decrypter is an RSA key, which the key exchange of TLS 1.2 without forward secrecy decrypts with.
type decrypter struct{ signer }

// Decrypt implements crypto.Decrypter for session keys.
func (d decrypter) Decrypt(_ io.Reader, ciphertext []byte, opts crypto.DecrypterOpts) (plain []byte, err error) {
	//lint:ignore SA1019 what crypto/tls asks for where a policy still allows it
	o, ok := opts.(*rsa.PKCS1v15DecryptOptions) //nolint:staticcheck // as above
	if !ok || o.SessionKeyLen == 0 {
		return nil, errors.New("decrypt with a key in another process: only session keys can be")
	}
	in := decryptCall{Handle: d.name, Ciphertext: ciphertext, Length: o.SessionKeyLen}
	if err := d.client.ask(rpc.Request{Method: methodDecrypt, In: in}, &plain); err != nil {
		return nil, fmt.Errorf("decrypt with a key in another process: %w", err)
	}
	return plain, nil
}
