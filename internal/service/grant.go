package service

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
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
		credential, err := s.own(q, c, settings)
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

// own is one credential of the program's. Of files that it cannot read it has those that its profile names.
func (s *Service) own(q question, c abi.Credential, settings *policy.Settings) (keys.Credential, error) {
	from := sourceOf(c)
	for _, file := range from.paths() {
		if err := s.granted(q, file, settings); err != nil {
			return keys.Credential{}, err
		}
	}
	if from.chain != "" && from.key == "" && c.Key == nil {
		if _, hasKey, err := s.files.from.Chain(from.chain); err == nil && hasKey {
			from.key = from.chain
		}
	}
	if len(from.paths()) == 0 {
		return s.given.credential(c)
	}
	read, err := s.files.credential(from)
	if f := (*abi.Failure)(nil); errors.As(err, &f) {
		return keys.Credential{}, err
	}
	if err != nil {
		return keys.Credential{}, abi.Failf(abi.Forbidden, "read %q, which %s grants: %w", from.paths(), settings.From(policy.KeyKeys), err)
	}
	switch {
	case from.chain == "": // the program gave the chain
		return keys.WithSigner(c, read.Signer)
	case from.key == "" && c.Key != nil: // and here the key
		signer, err := s.signer(c.Key)
		if err != nil {
			return keys.Credential{}, err
		}
		return keys.WithSigner(abi.Credential{Chain: keys.EncodeChain(read.Chain)}, signer)
	}
	return read, nil
}

func (s *Service) granted(q question, file string, settings *policy.Settings) error {
	if slices.ContainsFunc(settings.Keys, func(g policy.Glob) bool { return g.Match(file) }) {
		return nil
	}
	return settings.Refuse(abi.Forbidden, policy.KeyKeys, "open %q: permission denied, and no profile grants the file to %s (keys)", file, q.app.Exe)
}

// readAll reads a file that the policy names.
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
		return s.Refuse(abi.Weaker, policy.KeyRSABitsMin, "TLS_CERTIFICATE_CHAIN: the certificate has an RSA key of %d bits; %s demands at least %d",
			k.N.BitLen(), s.From(policy.KeyRSABitsMin), s.Limits.RSABits)
	}
	return nil
}

// defaults are the policy's certificates: for a listener that says which names it serves those for one of them, if
// there are any.
func (s *Service) defaults(q question, settings *policy.Settings) ([]keys.Credential, error) {
	var all, named []keys.Credential
	for _, from := range settings.Certificates {
		c, err := s.load(from)
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
func (s *Service) load(from policy.CertificateFiles) (keys.Credential, error) {
	c, err := s.files.credential(sourceIn(from))
	if err != nil {
		return keys.Credential{}, abi.Failf(abi.Forbidden, "read the certificate of %s: %w", from.Source, err)
	}
	return c, nil
}
