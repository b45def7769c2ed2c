package dane_test

import (
	"context"
	"crypto"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/verify/dane"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// signer signs a zone with one key.
type signer struct {
	t      *testing.T
	key    *dns.DNSKEY
	secret crypto.Signer
}

func newSigner(t *testing.T, zone string) signer {
	t.Helper()
	key := &dns.DNSKEY{Hdr: dns.RR_Header{Name: zone, Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET, Ttl: 60}, Flags: 257, Protocol: 3,
		Algorithm: dns.ECDSAP256SHA256}
	secret, err := key.Generate(256)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := secret.(crypto.Signer)
	if !ok {
		t.Fatalf("the key is %T", secret)
	}
	return signer{t, key, s}
}

// sign gives a set of records with its signature.
func (s signer) sign(set ...dns.RR) []dns.RR {
	s.t.Helper()
	now := time.Now()
	sig := &dns.RRSIG{Hdr: dns.RR_Header{Ttl: 60}, Algorithm: s.key.Algorithm, KeyTag: s.key.KeyTag(), SignerName: s.key.Hdr.Name,
		Inception: uint32(now.Add(-time.Hour).Unix()), Expiration: uint32(now.Add(time.Hour).Unix())}
	if err := sig.Sign(s.secret, set); err != nil {
		s.t.Fatal(err)
	}
	return append(set, sig)
}

// zone is the file of a zone with www and its TLSA record for port 443, signed when there is a signer.
func zone(t *testing.T, name, tlsaData string, s *signer) string {
	t.Helper()
	texts := []string{"NAME 60 IN SOA ns.NAME admin.NAME 1 60 60 60 60", "NAME 60 IN NS ns.NAME", "ns.NAME 60 IN A 127.0.0.1",
		"www.NAME 60 IN A 127.0.0.1", "_443._tcp.www.NAME 60 IN TLSA " + tlsaData}
	if s != nil {
		texts = append(texts, "NAME 60 IN NSEC ns.NAME NS SOA RRSIG NSEC DNSKEY", "ns.NAME 60 IN NSEC www.NAME A RRSIG NSEC",
			"www.NAME 60 IN NSEC _443._tcp.www.NAME A RRSIG NSEC", "_443._tcp.www.NAME 60 IN NSEC NAME RRSIG NSEC TLSA")
	}
	var all []dns.RR
	for _, text := range texts {
		rr, err := dns.NewRR(strings.ReplaceAll(text, "NAME", name))
		if err != nil {
			t.Fatal(err)
		}
		if s != nil {
			all = append(all, s.sign(rr)...)
			continue
		}
		all = append(all, rr)
	}
	if s != nil {
		all = append(all, s.sign(s.key)...)
	}
	var file strings.Builder
	for _, rr := range all {
		fmt.Fprintln(&file, rr)
	}
	return file.String()
}

// unbound starts the resolver with zones, and gives its address. It validates those whose key it is given.
func unbound(t *testing.T, c testutil.Certificate, zones map[string]string, keys ...*dns.DNSKEY) (address, byTLS string) {
	t.Helper()
	dir := t.TempDir()
	address, byTLS = free(t), free(t)
	_, tlsPort, _ := strings.Cut(byTLS, ":")
	conf := fmt.Sprintf("server:\n interface: %s\n do-daemonize: no\n username: \"\"\n chroot: \"\"\n interface: %s\n tls-port: %s\n"+
		" tls-service-key: %q\n tls-service-pem: %q\n directory: %q\n pidfile: \"\"\n"+
		" use-syslog: no\n logfile: \"\"\n verbosity: 1\n do-ip6: no\n", strings.Replace(address, ":", "@", 1), strings.Replace(byTLS, ":", "@", 1),
		tlsPort, c.Key, c.Chain, dir)
	for _, k := range keys {
		conf += fmt.Sprintf(" trust-anchor: %q\n", strings.ReplaceAll(k.ToDS(dns.SHA256).String(), "\t", " "))
	}
	for name, text := range zones {
		file := filepath.Join(dir, name+"zone")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		conf += fmt.Sprintf("auth-zone:\n name: %q\n zonefile: %q\n for-downstream: no\n for-upstream: yes\n fallback-enabled: no\n", name, file)
	}
	conf += "remote-control:\n control-enable: no\n"
	path := filepath.Join(dir, "unbound.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("unbound")
	if err != nil {
		program = "/usr/sbin/unbound"
	}
	testutil.Start(t, exec.Command(program, "-d", "-c", path)).WaitOutput("start of service")
	return address, byTLS
}

// free is an address of which the port is free.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// overTLS is a judge that asks by TLS (RFC 7858).
func overTLS(t *testing.T, address string, c testutil.Certificate) *dane.Judge {
	t.Helper()
	j, err := dane.New(dane.Config{Resolver: address, Stream: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		plain, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return engine.Pinned(ctx, plain, []engine.Pin{engine.PinOf(c.X509)})
	}})
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// TestUnbound asks a real resolver that validates: about a zone that is signed, one that is not, and one whose signatures
// are wrong.
func TestUnbound(t *testing.T) {
	testutil.Require(t, testutil.Program("unbound"))
	const signed, plain, bogus = "signed.example.", "plain.example.", "bogus.example."
	right := testutil.SelfSigned(t, testutil.Leaf{CommonName: "right"}).X509
	wrong := testutil.SelfSigned(t, testutil.Leaf{CommonName: "wrong"}).X509
	data := strings.SplitAfterN(tlsa("x.", 3, 1, 1, right), "TLSA ", 2)[1]
	good, stranger, other := newSigner(t, signed), newSigner(t, bogus), newSigner(t, bogus)
	own := testutil.SelfSigned(t, testutil.Leaf{CommonName: "resolver"})
	address, byTLS := unbound(t, own, map[string]string{
		signed: zone(t, signed, data, &good), plain: zone(t, plain, data, nil), bogus: zone(t, bogus, data, &stranger),
	}, good.key, other.key)
	j, secure := newJudge(t, address), overTLS(t, byTLS, own)
	for name, row := range map[string]struct {
		host, reason string
		port         uint16
		server       site
		want         judge.Answer
	}{
		"ok":                   {host: "www.signed.example", port: 443, server: site{leaf: right}, want: judge.Valid},
		"bad other key":        {host: "www.signed.example", port: 443, server: site{leaf: wrong}, want: judge.Invalid},
		"abstain no record":    {host: "www.signed.example", port: 444, server: site{leaf: wrong}, want: judge.Abstain, reason: "no TLSA record for port 444"},
		"abstain no such name": {host: "ftp.signed.example", port: 443, server: site{leaf: wrong}, want: judge.Abstain, reason: "no TLSA record"},
		"abstain unsigned":     {host: "www.plain.example", port: 443, server: site{leaf: wrong}, want: judge.Abstain, reason: "not signed"},
		"error bogus":          {host: "www.bogus.example", port: 443, server: site{leaf: right}, want: judge.Error, reason: "SERVFAIL"},
	} {
		t.Run(name, func(t *testing.T) {
			q := row.server.question(false)
			q.Host, q.Port, q.Chain = row.host, row.port, q.Chain[:1]
			check(t, j.Judge(t.Context(), q), row.want, row.reason)
			check(t, secure.Judge(t.Context(), q), row.want, row.reason)
		})
	}
}
