package service

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/policy"
)

// credentials are the program's own or, where it has none, the policy's for its role.
func (s *Service) credentials(q question, settings *policy.Settings) ([]keys.Credential, error) {
	if len(q.request.Credentials) > abi.CredentialsMax {
		return nil, abi.Failf(abi.Exhausted, "TLS_CERTIFICATE_CHAIN: more than %d chains", abi.CredentialsMax)
	}
	if len(q.request.Credentials) == 0 && q.role != policy.AnyRole {
		return s.defaults(q, settings)
	}
	var all []keys.Credential
	for _, c := range q.request.Credentials {
		granted, err := s.grant(q, c, settings)
		if err != nil {
			return nil, err
		}
		credential, err := keys.LoadWith(granted, s.signer)
		if err != nil {
			return nil, err
		}
		if err := strong(credential, settings); err != nil {
			return nil, err
		}
		all = append(all, credential)
	}
	return all, nil
}

// grant reads the files of a credential that the program cannot read, where its profile names them.
func (s *Service) grant(q question, c abi.Credential, settings *policy.Settings) (abi.Credential, error) {
	var err error
	if c.ChainPath != "" {
		if c.Chain, err = s.granted(q, c.ChainPath, settings); err != nil {
			return c, err
		}
		if c.Key == nil && c.KeyPath == "" && bytes.Contains(c.Chain, []byte("PRIVATE KEY-----")) {
			c.Key = c.Chain
		}
	}
	if c.KeyPath != "" {
		c.Key, err = s.granted(q, c.KeyPath, settings)
	}
	return c, err
}

func (s *Service) granted(q question, file string, settings *policy.Settings) ([]byte, error) {
	file = path.Clean(file)
	if !slices.ContainsFunc(settings.Keys, func(g policy.Glob) bool { return g.Match(file) }) {
		return nil, abi.Failf(abi.Forbidden, "open %q: permission denied, and no profile grants the file to %s (keys)", file, q.app.Exe)
	}
	text, err := s.readFile(file)
	if err != nil {
		return nil, abi.Failf(abi.Forbidden, "open %q, which %s grants: %w", file, settings.From(policy.KeyKeys), err)
	}
	return text, nil
}

// readFile reads a file that the policy names.
func (s *Service) readFile(file string) ([]byte, error) {
	f, err := s.open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readAll(f)
}

func readAll(f *os.File) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(f, fileMax+1))
	if err == nil && len(text) > fileMax {
		err = fmt.Errorf("the file is larger than %d bytes", fileMax)
	}
	return text, err
}

// strong refuses an own certificate with a smaller key than the policy wants.
func strong(c keys.Credential, s *policy.Settings) error {
	if k, ok := c.Chain[0].PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() < s.Limits.RSABits {
		return abi.Failf(abi.Weaker, "TLS_CERTIFICATE_CHAIN: the certificate has an RSA key of %d bits; %s demands at least %d",
			k.N.BitLen(), s.From(policy.KeyRSABitsMin), s.Limits.RSABits)
	}
	return nil
}

// defaults are the policy's certificates: for a listener that says which names it serves those for one of them, if
// there are any.
func (s *Service) defaults(q question, settings *policy.Settings) ([]keys.Credential, error) {
	var all, named []keys.Credential
	for _, files := range settings.Certificates {
		c, err := s.load(files)
		if err != nil {
			return nil, err
		}
		if err := strong(c, settings); err != nil {
			return nil, err
		}
		all = append(all, c)
		if serves(c.Chain[0], q.request.Hostnames) {
			named = append(named, c)
		}
	}
	if len(named) > 0 {
		return named, nil
	}
	return all, nil
}

func serves(leaf *x509.Certificate, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return leaf.VerifyHostname(n) == nil || slices.Contains(leaf.DNSNames, n) })
}

// load reads a certificate of the policy's.
func (s *Service) load(files policy.CertificateFiles) (keys.Credential, error) {
	chain, err := s.readFile(files.Chain)
	if err != nil {
		return keys.Credential{}, abi.Failf(abi.Forbidden, "read the certificate of %s: %w", files.Source, err)
	}
	key, err := s.readFile(files.Key)
	if err != nil {
		return keys.Credential{}, abi.Failf(abi.Forbidden, "read the key of the certificate of %s: %w", files.Source, err)
	}
	c, err := keys.Load(abi.Credential{Chain: chain, Key: key})
	if err != nil {
		return keys.Credential{}, abi.Failf(abi.Forbidden, "use the certificate of %s: %w", files.Source, err)
	}
	return c, nil
}
