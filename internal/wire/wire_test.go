package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/wire"
)

func TestClientAndServer(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	client := mustDial(t, c, s.client, addr)
	server := accept(t, l)
	info := client.Info()
	if info.ID != 7 || info.Version != abi.VersionTLS13 || info.ALPN != "y" || info.ServerName != "a.example" ||
		!strings.HasPrefix(info.Peer.Identity(), "CN=a.example") || len(info.Peer.Chain()) == 0 || info.Remote != addr {
		t.Errorf("client's info: %+v", info)
	}
	if got := server.Info(); got.Remote != info.Local || got.Local != addr || got.ID == 0 {
		t.Errorf("server's info: %+v", got)
	}
	a, b := start(t, client), start(t, server)
	exchange(t, a, b, "hello")
	exchange(t, b, a, strings.Repeat("world", 100000))
	_ = a.CloseWrite()
	if n, err := b.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read after the peer's shutdown: %d, %v", n, err)
	}
	exchange(t, b, a, "half open")
	_, _ = a.Close(), b.Close()
	for _, conn := range []socket.Conn{client, server} {
		if err := ended(t, conn); err != nil {
			t.Errorf("end: %v", err)
		}
		if err := conn.Control(func(linux.FD) error { return nil }); err == nil {
			t.Error("Control works after the end")
		}
	}
}

// TestAdmit compares with the service itself, which is what the supervisor has without a socket between.
func TestAdmit(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	direct := service.New(service.Config{})
	defer func() { _ = direct.Close(t.Context()) }()
	ttl, reuse, auth := 60, false, abi.PeerAuthRequire
	both := s.server.Clone()
	both.Credentials[0].Chain = append(bytes.Clone(both.Credentials[0].Key), both.Credentials[0].Chain...)
	for _, tt := range []struct {
		name string
		r    abi.Request
	}{
		{"ok nothing", abi.Request{}},
		{"ok credentials", s.server},
		{"ok chain and key in one file", both},
		{"ok everything", abi.Request{
			RemoteHostname: "x.example", Hostnames: []string{"a.example", "*.b.example"}, TrustAnchors: s.client.TrustAnchors,
			Credentials: s.server.Credentials, ALPN: []string{"h2"}, SessionTTL: &ttl, SessionReuse: &reuse,
			DisabledCiphers: []string{"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}, PeerAuth: &auth,
			VersionMin: abi.VersionTLS12, VersionMax: abi.VersionTLS12,
		}},
		{"bad weaker", abi.Request{VersionMin: abi.VersionTLS10}},
		{"bad chain", abi.Request{Credentials: []abi.Credential{{Chain: []byte("x")}}}},
		{"bad key", abi.Request{Credentials: []abi.Credential{{Chain: s.server.Credentials[0].Chain, Key: []byte("x")}}}},
		{"bad empty key", abi.Request{Credentials: []abi.Credential{{Chain: s.server.Credentials[0].Chain, Key: []byte{}}}}},
		{"bad empty anchors", abi.Request{TrustAnchors: []byte{}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, wantErr := direct.Admit(within(t), app(), tt.r)
			got, err := c.Admit(within(t), app(), tt.r)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("effective (-want +got):\n-%+v\n+%+v", want, got)
			}
			sameFailure(t, wantErr, err)
		})
	}
}

func sameFailure(t *testing.T, want, got error) {
	t.Helper()
	if (want == nil) != (got == nil) {
		t.Fatalf("error (-want +got):\n-%v\n+%v", want, got)
	}
	var w, g *abi.Failure
	if errors.As(want, &w) != errors.As(got, &g) || w != nil && (w.Kind != g.Kind || want.Error() != got.Error()) {
		t.Errorf("error (-want +got):\n-%v\n+%v", want, got)
	}
}

// TestLargestRequest carries as much as a program can set on a socket.
func TestLargestRequest(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	fill := func(pem []byte) []byte {
		return append(bytes.Repeat([]byte{'\n'}, abi.ValueMax-len(pem)), pem...)
	}
	r := abi.Request{TrustAnchors: fill(s.client.TrustAnchors)}
	for range abi.CredentialsMax {
		own := s.server.Credentials[0]
		r.Credentials = append(r.Credentials, abi.Credential{Chain: fill(own.Chain), Key: fill(own.Key)})
	}
	e, err := c.Admit(within(t), app(), r)
	if err != nil || len(e.Chain) == 0 {
		t.Fatalf("Admit: %d, %v", len(e.Chain), err)
	}
}

func TestHandshakeFails(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	_, addr := listen(t, c, s.server, 8)
	other := newSite(t)
	_, err := dial(t, c, other.client, addr)
	check(t, err, abi.Rejected, "a.example")
}

func TestConnectCancelled(t *testing.T) {
	d := newDaemon(t, nil)
	c := d.client()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	addr := silent.Addr().(*net.TCPAddr).AddrPort()
	ctx, cancel := context.WithCancel(within(t))
	failed := make(chan error, 1)
	f := network(t, addr)
	go func() {
		_, err := c.Connect(ctx, socket.Dial{App: app(), Network: f, Remote: addr})
		failed <- err
	}()
	peer, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = peer.Close() }()
	if _, err := io.ReadFull(peer, make([]byte, 5)); err != nil { // its ClientHello has come
		t.Fatal(err)
	}
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("Connect: %v", err)
	}
	_ = peer.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, peer); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the peer is left waiting")
	}
}

func TestAbort(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	client := mustDial(t, c, s.client, addr)
	server := accept(t, l)
	a := start(t, client)
	server.Abort()
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("read after the peer's abort: %v", err)
	}
	if err := ended(t, client); err == nil {
		t.Error("the client's connection ended cleanly")
	}
	_ = ended(t, server)
}

// TestControl sets an option on the one side and finds it on the socket.
func TestControl(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	client := mustDial(t, c, s.client, addr)
	server := accept(t, l)
	defer client.Abort()
	defer server.Abort()
	for _, conn := range []socket.Conn{client, server} {
		err := conn.Control(func(fd linux.FD) error {
			peer, err := linux.Getpeername(fd)
			if want := socket.InetSockaddr(conn.Info().Remote, linux.AFInet); err != nil || !bytes.Equal(peer, want) {
				t.Errorf("getpeername: % x, %v, want % x", peer, err, want)
			}
			return linux.SetsockoptInt(fd, linux.SolSocket, linux.SoSndBuf, 1<<16)
		})
		if err != nil {
			t.Errorf("Control: %v", err)
		}
	}
}

func TestListenerClose(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	unaccepted := mustDial(t, c, s.client, addr)
	p := start(t, unaccepted)
	if err := l.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	again, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatalf("the port is not free: %v", err)
	}
	_ = again.Close()
	if _, err := l.Accept(within(t)); err == nil {
		t.Error("Accept works after Close")
	}
	if _, err := p.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("a connection nobody accepted: %v", err)
	}
}

// TestManyConnections has more clients than the listener's window at once.
func TestManyConnections(t *testing.T) {
	const clients = 60
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 4)
	errs := make(chan error, clients)
	for range clients {
		f := network(t, addr)
		go func() {
			conn, err := c.Connect(t.Context(), socket.Dial{App: app(), Request: s.client, Network: f, Remote: addr})
			if err == nil {
				defer conn.Abort()
				err = nil
			}
			errs <- err
		}()
	}
	for range clients {
		accept(t, l).Abort()
	}
	for range clients {
		if err := <-errs; err != nil {
			t.Errorf("Connect: %v", err)
		}
	}
	eventually(t, func() bool { return d.server.Conns() == 0 })
}

func TestNobodyAnswers(t *testing.T) {
	_, err := wire.Dial(within(t), wire.ClientConfig{Path: t.TempDir() + "/none.sock"})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Dial: %v", err)
	}
}
