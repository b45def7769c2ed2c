package trial

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// host is whom the chains are for. Nobody has the name (RFC 2606).
const host = "www.example.com"

// trialCase is one question.
type trialCase struct {
	name     string
	question *judge.Question
	// damaged says that the chain is none.
	damaged bool
}

// cases are the questions, the good one first.
func cases(now time.Time) ([]trialCase, error) {
	ca, err := newAuthority(now)
	if err != nil {
		return nil, err
	}
	good := template{names: []string{host}, from: now.Add(-time.Hour), to: now.Add(time.Hour)}
	expired, wrong, wild, address := good, good, good, good
	expired.to = now.Add(-time.Minute)
	wrong.names, wild.names = []string{"other.example.com"}, []string{"*.example.com"}
	address.names, address.ip = nil, net.IPv4(192, 0, 2, 1)
	self := good
	self.alone = true
	var all []trialCase
	for _, c := range []struct {
		name string
		template
	}{{"good chain", good}, {"expired", expired}, {"another name", wrong}, {"wildcard", wild}, {"self-signed", self}, {"address", address}} {
		chain, err := ca.issue(c.template)
		if err != nil {
			return nil, err
		}
		all = append(all, trialCase{name: c.name, question: question(now, chain)})
	}
	all[len(all)-1].question.Host = address.ip.String()
	return append(all, odd(now, all[0].question.Chain)...), nil
}

// odd are questions about clients and about what is no certificate.
func odd(now time.Time, good []*x509.Certificate) []trialCase {
	client := question(now, good)
	client.Role, client.Host = judge.Client, ""
	truncated := []*x509.Certificate{{Raw: good[0].Raw[:len(good[0].Raw)/2]}}
	noise := []*x509.Certificate{{Raw: slices.Repeat([]byte{0xff, 0, 0x80, '\n', '"'}, 300)}}
	large := append([]*x509.Certificate{{Raw: make([]byte, 512<<10)}}, good...)
	return []trialCase{
		{"client", client, false},
		{"half a certificate", question(now, truncated), true},
		{"noise", question(now, noise), true},
		{"nothing in a certificate", question(now, []*x509.Certificate{{Raw: []byte{}}}), true},
		{"half a megabyte", question(now, large), true},
	}
}

func question(now time.Time, chain []*x509.Certificate) *judge.Question {
	return &judge.Question{
		Host: host, Port: 443, Remote: netip.MustParseAddrPort("192.0.2.1:443"), App: "/usr/bin/example", Chain: chain, Time: now,
	}
}

// template is a certificate to make.
type template struct {
	names    []string
	ip       net.IP
	from, to time.Time
	// alone is one that signs itself.
	alone bool
}

// authority is a CA that nobody trusts.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "trial of a plugin"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca := &authority{key: key}
	ca.cert, err = sign(c, c, key, key)
	return ca, err
}

// issue makes a chain, leaf first.
func (ca *authority) issue(t template) ([]*x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: t.from, NotAfter: t.to, DNSNames: t.names,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if t.ip != nil {
		c.IPAddresses = []net.IP{t.ip}
	}
	if t.alone {
		leaf, err := sign(c, c, key, key)
		return []*x509.Certificate{leaf}, err
	}
	leaf, err := sign(c, ca.cert, key, ca.key)
	return []*x509.Certificate{leaf, ca.cert}, err
}

func sign(c, issuer *x509.Certificate, key, issuerKey *ecdsa.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, c, issuer, key.Public(), issuerKey)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
