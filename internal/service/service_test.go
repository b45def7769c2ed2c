package service_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestClientAndServer(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	s := newService(t, service.Config{})
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}, ALPN: []string{"h2", "x"}}, 8)

	client, err := dial(t, s, abi.Request{
		RemoteHostname: "a.example", TrustAnchors: pem(t, ca.Path), ALPN: []string{"x", "y"},
	}, addr)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	server := accept(t, l)
	info := client.Info()
	if info.ID != 7 || info.Version != abi.VersionTLS13 || info.ALPN != "x" || info.ServerName != "a.example" ||
		info.Peer.Identity() != "CN=a.example,O=Secure Socket API tests" || info.Remote != addr || info.Resumed {
		t.Errorf("client's info: %+v", info)
	}
	if got := server.Info(); got.ServerName != "a.example" || got.Remote != info.Local || got.Local != addr || got.ID == 0 {
		t.Errorf("server's info: %+v", got)
	}
	a, b := start(t, client), start(t, server)
	exchange(t, a, b, "hello")
	exchange(t, b, a, "world")
	_ = a.CloseWrite()
	if n, err := b.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read after the peer's shutdown: %d, %v", n, err)
	}
	exchange(t, b, a, "half open")
	_, _ = a.Close(), b.Close()
	<-over(client)
	<-over(server)
	if err := client.Err(); err != nil {
		t.Errorf("client's end: %v", err)
	}
	if err := server.Err(); err != nil {
		t.Errorf("server's end: %v", err)
	}
}

func TestListenerClose(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	s := newService(t, service.Config{})
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}}, 8)
	if err := l.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	again, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatalf("listen again: %v", err)
	}
	_ = again.Close()
	if c, err := l.Accept(context.Background()); err == nil {
		t.Errorf("Accept after Close: %v", c)
	}
}
