package service_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestConnectVerifies checks that every connection is verified, by name or by address, against the right anchors.
func TestConnectVerifies(t *testing.T) {
	ca, other := testutil.NewCA(t, "root"), testutil.NewCA(t, "other root")
	trusted, untrusted := pem(t, ca.Path), pem(t, other.Path)
	ago := func(d time.Duration) time.Time { return time.Now().Add(-d) }
	issue := func(l testutil.Leaf) testutil.Certificate { return ca.Issue(t, l) }
	named := issue(testutil.Leaf{Names: []string{"a.example"}})
	addressed := issue(testutil.Leaf{IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	tests := []struct {
		name    string
		leaf    testutil.Certificate
		host    string
		anchors []byte
		kind    abi.Kind
		text    string
	}{
		{"ok name", named, "a.example", trusted, 0, ""},
		{"ok address", addressed, "", trusted, 0, ""},
		{"ok address as name", addressed, "127.0.0.1", trusted, 0, ""},
		{"ok address mapped into IPv6", addressed, "::ffff:127.0.0.1", trusted, 0, ""},
		{"bad name", named, "b.example", trusted, abi.Rejected, `for DNS:a.example, not for "b.example"`},
		{"bad name for address", named, "", trusted, abi.Rejected, `for DNS:a.example, not for "127.0.0.1"`},
		{"bad address", addressed, "127.0.0.2", trusted, abi.Rejected, `for IP:127.0.0.1, not for "127.0.0.2"`},
		{"bad wildcard", issue(testutil.Leaf{Names: []string{"*.example"}}), "x.y.example", trusted, abi.Rejected, `not for "x.y.example"`},
		{"bad anchors", named, "a.example", untrusted, abi.Rejected, "is not trusted"},
		{"bad system's anchors", named, "a.example", nil, abi.Rejected, "nor in the system's trust store"},
		{"bad self-signed", testutil.SelfSigned(t, testutil.Leaf{Names: []string{"a.example"}}), "a.example", trusted, abi.Rejected, "is self-signed"},
		{"bad expired", issue(testutil.Leaf{Names: []string{"a.example"}, NotBefore: ago(2 * time.Hour), NotAfter: ago(time.Hour)}), "a.example", trusted,
			abi.Expired, "the server's certificate expired on"},
		{"bad not yet valid", issue(testutil.Leaf{Names: []string{"a.example"}, NotBefore: ago(-time.Hour), NotAfter: ago(-2 * time.Hour)}), "a.example", trusted,
			abi.Expired, "is not valid before"},
	}
	s := newService(t, service.Config{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(tt.leaf)}}, 1)
			c, err := dial(t, s, abi.Request{RemoteHostname: tt.host, TrustAnchors: tt.anchors}, addr)
			if tt.text != "" {
				check(t, err, tt.kind, tt.text)
				return
			}
			if err != nil {
				t.Fatalf("Connect: %v", err)
			}
			want := ""
			if tt.host == "a.example" {
				want = tt.host
			}
			if sni := accept(t, l).Info().ServerName; sni != want {
				t.Errorf("SNI (-want +got):\n-%q\n+%q", want, sni)
			}
			if c.Info().ServerName == "" {
				t.Error("the client does not know whom it verified")
			}
		})
	}
}

// TestMappedRemote checks that a connected IPv4 address in IPv6 form is verified as what it is.
func TestMappedRemote(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	s := newService(t, service.Config{})
	_, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}}, 1)
	mapped := netip.AddrPortFrom(netip.AddrFrom16(addr.Addr().As16()), addr.Port())
	c, err := s.Connect(within(t), socket.Dial{
		App: app("client"), Request: abi.Request{TrustAnchors: pem(t, ca.Path)}, Network: network(t, addr), Remote: mapped,
	})
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	c.Abort()
}

func TestClientCertificates(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	user := ca.Issue(t, testutil.Leaf{CommonName: "user"})
	stranger := testutil.NewCA(t, "other root").Issue(t, testutil.Leaf{CommonName: "stranger"})
	anchors, require := pem(t, ca.Path), abi.PeerAuthRequire
	for _, tt := range []struct {
		name     string
		peerAuth *int
		mine     []abi.Credential
		identity string
		bad      bool
	}{
		{"ok asked by the anchors", nil, []abi.Credential{credential(user)}, "CN=user,O=Secure Socket API tests", false},
		{"ok none", nil, nil, "", false},
		{"ok required", &require, []abi.Credential{credential(user)}, "CN=user,O=Secure Socket API tests", false},
		{"bad stranger", nil, []abi.Credential{credential(stranger)}, "", true},
		{"bad required and none", &require, nil, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newService(t, service.Config{})
			l, addr := serve(t, s, abi.Request{
				Credentials: []abi.Credential{credential(leaf)}, TrustAnchors: anchors, PeerAuth: tt.peerAuth,
			}, 1)
			c, err := dial(t, s, abi.Request{
				RemoteHostname: "a.example", TrustAnchors: anchors, Credentials: tt.mine, VersionMax: abi.VersionTLS12,
			}, addr)
			if tt.bad {
				check(t, err, abi.Protocol, "refused the handshake with the alert")
				return
			}
			if err != nil {
				t.Fatalf("Connect: %v", err)
			}
			defer c.Abort()
			info := accept(t, l).Info()
			if info.Peer.Identity() != tt.identity || (len(info.Peer.Chain()) > 0) != (tt.identity != "") {
				t.Errorf("peer (-want +got):\n-%q\n+%q", tt.identity, info.Peer.Identity())
			}
		})
	}
}

// TestSessionsOfAnApplication checks that connections of one application share sessions, and others do not.
func TestSessionsOfAnApplication(t *testing.T) {
	s := newServed(t, service.Config{}, 8)
	for i, want := range []struct {
		app     string
		resumed bool
	}{{"one", false}, {"one", true}, {"two", false}, {"two", true}, {"one", true}} {
		c, err := s.service.Connect(within(t), socket.Dial{App: app(want.app), Request: s.client, Network: network(t, s.addr), Remote: s.addr})
		if err != nil {
			t.Fatal(err)
		}
		a, b := start(t, c), start(t, accept(t, s.l))
		exchange(t, b, a, "ticket")
		if got := c.Info().Resumed; got != want.resumed {
			t.Errorf("connection %d of %s resumed (-want +got):\n-%v\n+%v", i, want.app, want.resumed, got)
		}
		if c.Info().Peer.Identity() == "" {
			t.Error("a resumed session has lost its peer")
		}
	}
}

func TestAbort(t *testing.T) {
	s := newServed(t, service.Config{}, 8)
	fresh, err := dial(t, s.service, s.client, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	b := start(t, accept(t, s.l))
	fresh.Abort()
	fresh.Abort()
	<-over(fresh)
	if err := fresh.Err(); err != nil {
		t.Errorf("end of one never started: %v", err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("peer of one never started: %v", err)
	}
	if _, err := start(t, fresh).Read(make([]byte, 1)); err == nil {
		t.Error("started after Abort")
	}
	if err := fresh.Control(func(linux.FD) error { return nil }); err == nil {
		t.Error("Control after the end")
	}

	running, err := dial(t, s.service, s.client, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	a, b := start(t, running), start(t, accept(t, s.l))
	exchange(t, a, b, "running")
	if err := running.Control(func(fd linux.FD) error { _, err := linux.Getpeername(fd); return err }); err != nil {
		t.Errorf("Control: %v", err)
	}
	running.Abort()
	<-over(running)
	check(t, running.Err(), abi.Reset, "gave the connection up")
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("program of an aborted connection: %v", err)
	}
}

// TestTruncated checks that an end without close_notify is not taken for one with it.
func TestTruncated(t *testing.T) {
	s := newServed(t, service.Config{}, 8)
	client, err := dial(t, s.service, s.client, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	a, server := start(t, client), accept(t, s.l)
	if err := server.Control(func(fd linux.FD) error { return linux.Shutdown(fd, linux.ShutWr) }); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("read: %v", err)
	}
	// Once the program knows that something is wrong, so does Err.
	check(t, client.Err(), abi.Reset, "without close_notify")
	<-over(client)
	check(t, client.Err(), abi.Reset, "without close_notify")
}

// TestServiceClose checks that what a program wrote before it ended still arrives, and that what does not end is cut
// off when the time is over.
func TestServiceClose(t *testing.T) {
	peer := newServed(t, service.Config{}, 8)
	s := service.New(service.Config{})
	l, addr := serve(t, s, abi.Request{Credentials: peerCredential(t)}, 4)
	ending, err := dial(t, s, peer.client, peer.addr)
	if err != nil {
		t.Fatal(err)
	}
	a, b := start(t, ending), start(t, accept(t, peer.l))
	if _, err := io.WriteString(a, "last words"); err != nil {
		t.Fatal(err)
	}
	_ = a.Close()
	staying, err := dial(t, s, peer.client, peer.addr)
	if err != nil {
		t.Fatal(err)
	}
	start(t, staying)
	waiting, err := dial(t, s, peer.client, peer.addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("Close did not tell of the connection it cut off")
	}
	<-over(waiting)
	<-over(staying)
	check(t, staying.Err(), abi.Reset, "shutting down")
	if got, err := io.ReadAll(b); string(got) != "last words" || err != nil {
		t.Errorf("last words: %q, %v", got, err)
	}
	if _, err := l.Accept(t.Context()); err == nil {
		t.Error("Accept after Close")
	}
	if _, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr)); err == nil {
		t.Error("still listening")
	}
	f, addr := listening(t)
	_, err = s.Listen(t.Context(), socket.Listen{Request: abi.Request{Credentials: peerCredential(t)}, Network: f, Local: addr})
	check(t, err, abi.Exhausted, "shutting down")
	_, err = s.Connect(t.Context(), socket.Dial{Network: network(t, peer.addr), Remote: peer.addr})
	check(t, err, abi.Exhausted, "shutting down")
}

func peerCredential(t *testing.T) []abi.Credential {
	t.Helper()
	return []abi.Credential{credential(testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))}
}
