package tests

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestMustFailClientCertificate has clients that prove nothing the server accepts. The program never sees them, and
// goes on to serve the next one.
func TestMustFailClientCertificate(t *testing.T) {
	p := newPKI(t)
	other := testutil.NewCA(t, "another root")
	for _, row := range []struct {
		name string
		cert testutil.Certificate
	}{
		{"bad unknown authority", other.Issue(t, testutil.Leaf{CommonName: "eve"})},
		{"bad self-signed", testutil.SelfSigned(t, testutil.Leaf{CommonName: "eve"})},
		{"bad expired", p.ca.Issue(t, testutil.Leaf{CommonName: "eve", NotBefore: hours(-48), NotAfter: hours(-24)})},
		{"bad not yet valid", p.ca.Issue(t, testutil.Leaf{CommonName: "eve", NotBefore: hours(24), NotAfter: hours(48)})},
		{"bad authority without the CA bit", p.ca.Intermediate(t, testutil.Leaf{CommonName: "no CA"}).Issue(t, testutil.Leaf{CommonName: "eve"})},
	} {
		for _, v := range tlsVersions() {
			for _, auth := range []string{"1", "2"} {
				t.Run(row.name+" "+v.page+" auth="+auth, func(t *testing.T) {
					t.Parallel()
					s := startServer(t, cLanguage(t), "cert="+p.server.Chain, "key="+p.server.Key, "ca="+p.ca.Path, "auth="+auth)
					args := append([]string{v.openssl, "-CAfile", p.ca.Path, "-ign_eof"}, testutil.OpenSSLCertificate(row.cert)...)
					c := testutil.OpenSSLClient(t, s.Port(), args...)
					c.Send(getRequest)
					c.Wait()
					if !strings.Contains(c.Output(), "alert") || strings.Contains(c.Output(), "HTTP/1.0 200") {
						t.Errorf("the client was not refused:\n%s", c.Output())
					}
					wantServed(t, p, s, v)
				})
			}
		}
	}
}

// wantServed lets a good client connect, and checks that the program saw it and nobody before it.
func wantServed(t *testing.T, p pki, s *testutil.Server, v tlsVersion) {
	t.Helper()
	args := append([]string{v.openssl, "-CAfile", p.ca.Path, "-ign_eof"}, testutil.OpenSSLCertificate(p.client)...)
	c := testutil.OpenSSLClient(t, s.Port(), args...)
	c.Send(getRequest)
	c.Wait()
	status := s.Wait()
	r := parseReport(s.Output(), status)
	if !strings.Contains(c.Output(), "HTTP/1.0 200") || status != 0 || len(r.connections) != 1 || !strings.Contains(s.Output(), "request GET") {
		t.Errorf("the good client after it: got status %d, %d connections:\n%s\n%s", status, len(r.connections), s.Output(), c.Output())
	}
}

// TestMustFailClientReset resets the connection in the middle of every record of a client's handshake with our server;
// the program accepts only the good client at the end.
func TestMustFailClientReset(t *testing.T) {
	p := newPKI(t)
	for _, v := range tlsVersions() {
		t.Run("bad "+v.page, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, cLanguage(t), "cert="+p.server.Chain, "key="+p.server.Key)
			for record := range handshakeRecords(v, false) {
				proxy := startProxy(t, s.Addr, fault{record: record, action: reset})
				c := testutil.OpenSSLClient(t, strconv.Itoa(int(proxy.addr.Port())), v.openssl, "-ign_eof")
				<-proxy.struck
				c.Wait()
			}
			wantServed(t, p, s, v)
		})
	}
}

// TestMustFailClientStream damages what a client sends after the handshake: the program's read gives ECONNRESET.
func TestMustFailClientStream(t *testing.T) {
	p := newPKI(t)
	for _, v := range tlsVersions() {
		for _, act := range []action{cut, cutInside, reset, corrupt, repeat} {
			for _, l := range languages(t) {
				t.Run(fmt.Sprintf("bad %s action %d %s", v.page, act, l.name), func(t *testing.T) {
					t.Parallel()
					s := startServer(t, l, "cert="+p.server.Chain, "key="+p.server.Key)
					// In TLS 1.3 the client's Finished counts as application data by its content type.
					record := 0
					if v.number == "0x0304" {
						record = 1
					}
					proxy := startProxy(t, s.Addr, fault{record: record, application: true, action: act})
					c := testutil.OpenSSLClient(t, strconv.Itoa(int(proxy.addr.Port())), v.openssl, "-CAfile", p.ca.Path, "-ign_eof")
					c.Send(getRequest)
					<-proxy.struck
					s.Wait()
					want := "request <ECONNRESET>"
					if act == repeat {
						// The first of the two is good, and is all that this program reads.
						want = "request GET"
					}
					if !strings.Contains(s.Output(), want) {
						t.Errorf("got no %q:\n%s", want, s.Output())
					}
				})
			}
		}
	}
}
