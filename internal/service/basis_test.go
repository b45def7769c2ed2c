package service

import (
	"crypto/x509"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
)

func TestConnectionsShareTheirBasis(t *testing.T) {
	leaf, root := &x509.Certificate{}, &x509.Certificate{}
	make1 := func() *basis {
		return &basis{
			app: socket.App{Exe: "/bin/a", UID: 1}, role: policy.Client, request: abi.Request{ALPN: []string{"h2"}}, profile: "p",
			verifiers: []string{"standard"}, anchors: true, paths: [][]*x509.Certificate{{leaf, root}},
		}
	}
	all := newBases()
	first := all.share(make1())
	if got := all.share(make1()); got != first {
		t.Error("an equal basis is not shared")
	}
	for _, row := range []struct {
		name   string
		change func(*basis)
	}{
		{"bad another program", func(b *basis) { b.app.PID = 7 }},
		{"bad another role", func(b *basis) { b.role = policy.Server }},
		{"bad another request", func(b *basis) { b.request.VersionMin = abi.VersionTLS13 }},
		{"bad another profile", func(b *basis) { b.profile = "q" }},
		{"bad another judge", func(b *basis) { b.verifiers = []string{"dane"} }},
		{"bad no anchors", func(b *basis) { b.anchors = false }},
		{"bad another path", func(b *basis) { b.paths = [][]*x509.Certificate{{leaf, {}}} }},
		{"bad one path more", func(b *basis) { b.paths = append(b.paths, b.paths[0]) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			other := make1()
			row.change(other)
			if got := all.share(other); got != other {
				t.Errorf("different ones are shared: %+v", got)
			}
			all.share(make1())
		})
	}
}
