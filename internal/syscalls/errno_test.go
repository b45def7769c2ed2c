package syscalls_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/syscalls"
)

// kindErrnos is the errno table of the design.
func kindErrnos() map[abi.Kind]linux.Errno {
	return map[abi.Kind]linux.Errno{
		abi.Protocol:    linux.EPROTO,
		abi.Rejected:    linux.EKEYREJECTED,
		abi.Expired:     linux.EKEYEXPIRED,
		abi.Revoked:     linux.EKEYREVOKED,
		abi.Weaker:      linux.EPERM,
		abi.Forbidden:   linux.EACCES,
		abi.Invalid:     linux.EINVAL,
		abi.Unsupported: linux.EOPNOTSUPP,
		abi.Timeout:     linux.ETIMEDOUT,
		abi.Reset:       linux.ECONNRESET,
		abi.Unresolved:  linux.EHOSTUNREACH,
		abi.Exhausted:   linux.ENOBUFS,
	}
}

func TestErrnoOfEveryKind(t *testing.T) {
	for kind, wanted := range kindErrnos() {
		want(t, fmt.Sprintf("kind %d", kind), syscalls.Errno(abi.Failf(kind, "it failed")), wanted)
		want(t, fmt.Sprintf("kind %d below others", kind), syscalls.Errno(fmt.Errorf("connect: %w", abi.Failf(kind, "it failed"))), wanted)
	}
	if got, wanted := len(kindErrnos()), declaredKinds(t); got != wanted {
		t.Errorf("the table has %d kinds, package abi declares %d", got, wanted)
	}
}

// declaredKinds counts the constants of type Kind.
func declaredKinds(t *testing.T) int {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "../../abi/failure.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, d := range f.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
			n += len(g.Specs)
		}
	}
	return n
}

func TestErrnoOfOtherErrors(t *testing.T) {
	_, missing := os.Open("/does/not/exist")
	for _, row := range []struct {
		name string
		err  error
		want linux.Errno
	}{
		{"ok what the kernel said", linux.ECONNREFUSED, linux.ECONNREFUSED},
		{"ok what the kernel said, explained", fmt.Errorf("connect to 127.0.0.1:1: %w", linux.ETIMEDOUT), linux.ETIMEDOUT},
		{"ok a file that is missing", fmt.Errorf("set TLS_PRIVATE_KEY: %w", missing), linux.ENOENT},
		{"ok a class counts more than its cause", &abi.Failure{Kind: abi.Rejected, Err: linux.ENOENT}, linux.EKEYREJECTED},
		{"bad an error without either", errors.New("of our own making"), linux.EIO},
		{"bad a class that does not exist", abi.Failf(abi.Kind(99), "it failed"), linux.EIO},
	} {
		want(t, row.name, syscalls.Errno(row.err), row.want)
	}
}

// TestErrnosReachTheProgram has the service fail in each way, when connecting and when an option is set.
func TestErrnosReachTheProgram(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		fd := w.tls(t, 0)
		for kind, wanted := range kindErrnos() {
			reason := fmt.Sprintf("the reason of kind %d", kind)
			_, open := w.service.gate()
			open(abi.Failf(kind, "%s", reason))
			want(t, reason+": connect", w.connect(t, fd, addr), wanted)
			if got := w.text(t, fd, abi.TLSError); got != reason {
				t.Errorf("TLS_ERROR (-want +got):\n-%s\n+%s", reason, got)
			}
		}
		for kind, wanted := range kindErrnos() {
			w.service.refuse(abi.Failf(kind, "the policy of kind %d", kind))
			want(t, "set an option", w.setTLS(t, fd, abi.TLSALPN, "h2"), wanted)
			if got, wanted := w.text(t, fd, abi.TLSError), fmt.Sprintf("set TLS_ALPN: the policy of kind %d", kind); got != wanted {
				t.Errorf("TLS_ERROR (-want +got):\n-%s\n+%s", wanted, got)
			}
		}
	})
}
