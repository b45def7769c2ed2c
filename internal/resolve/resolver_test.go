package resolve_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/resolve"
)

func TestLookupWithoutServers(t *testing.T) {
	const hosts = `# the usual
127.0.0.1	localhost
::1		localhost ip6-localhost
192.0.2.1	Alpha.example alpha a   # three names
192.0.2.2	beta.example
2001:db8::1	alpha.example
192.0.2.3	alpha.example
192.0.2.1	alpha.example
fe80::1%eth0	gamma
::ffff:192.0.2.9 mapped
not-an-address	delta
192.0.2.5
192.0.2.6	dotted.example.
 192.0.2.7	indented`
	notInHosts := ": no such name (not in /etc/hosts, and /etc/nsswitch.conf has nobody else to ask)"
	tests := []struct {
		name   string
		host   string
		family resolve.Family
		want   outcome
	}{
		{"ok IPv4 literal", "192.0.2.1", resolve.Any, outcome{addrs: "192.0.2.1"}},
		{"ok IPv6 literal", "2001:DB8::1", resolve.IPv6, outcome{addrs: "2001:db8::1"}},
		{"ok mapped literal", "::ffff:192.0.2.1", resolve.Any, outcome{addrs: "192.0.2.1"}},
		{"ok zone", "fe80::1%eth0", resolve.Any, outcome{addrs: "fe80::1%eth0"}},
		{"bad zone on a global address", "2001:db8::1%eth0", resolve.Any, outcome{class: resolve.ErrName, err: "look up 2001:db8::1%eth0: only a link-local address takes a zone"}},
		{"bad zone too long", "fe80::1%aaaaaaaaaaaaaaaa", resolve.Any, outcome{class: resolve.ErrName, err: "look up fe80::1%aaaaaaaaaaaaaaaa: the zone is too long for an interface name"}},
		{"bad literal of the other family", "192.0.2.1", resolve.IPv6, outcome{class: resolve.ErrNotFound, err: "look up 192.0.2.1: this is no IPv6 address"}},
		{"bad literal of the other family 6", "::1", resolve.IPv4, outcome{class: resolve.ErrNotFound, err: "look up ::1: this is no IPv4 address"}},
		{"ok all lines, IPv6 first, once each", "alpha.example", resolve.Any, outcome{addrs: "2001:db8::1 192.0.2.1 192.0.2.3"}},
		{"ok one family", "alpha.example", resolve.IPv4, outcome{addrs: "192.0.2.1 192.0.2.3"}},
		{"ok alias", "a", resolve.Any, outcome{addrs: "192.0.2.1"}},
		{"ok any case", "ALPHA.Example", resolve.IPv6, outcome{addrs: "2001:db8::1"}},
		{"ok trailing dot", "beta.example.", resolve.Any, outcome{addrs: "192.0.2.2"}},
		{"ok trailing dot in the file", "dotted.example", resolve.Any, outcome{addrs: "192.0.2.6"}},
		{"ok indented line", "indented", resolve.Any, outcome{addrs: "192.0.2.7"}},
		{"ok zone in the file", "gamma", resolve.Any, outcome{addrs: "fe80::1%eth0"}},
		{"ok mapped in the file", "mapped", resolve.IPv4, outcome{addrs: "192.0.2.9"}},
		{"bad mapped is not IPv6", "mapped", resolve.IPv6, outcome{class: resolve.ErrNotFound, err: "look up mapped" + notInHosts}},
		{"bad other family", "beta.example", resolve.IPv6, outcome{class: resolve.ErrNotFound, err: "look up beta.example" + notInHosts}},
		{"bad line without an address", "delta", resolve.Any, outcome{class: resolve.ErrNotFound, err: "look up delta" + notInHosts}},
		{"bad name in a comment", "three", resolve.Any, outcome{class: resolve.ErrNotFound, err: "look up three" + notInHosts}},
		{"ok localhost from the file", "localhost", resolve.Any, outcome{addrs: "::1 127.0.0.1"}},
		{"ok localhost below", "App.LocalHost", resolve.Any, outcome{addrs: "::1 127.0.0.1"}},
		{"ok localhost below, IPv4", "app.localhost.", resolve.IPv4, outcome{addrs: "127.0.0.1"}},
		{"ok localhost below, IPv6", "app.localhost", resolve.IPv6, outcome{addrs: "::1"}},
		{"bad only looks like localhost", "notlocalhost", resolve.Any, outcome{class: resolve.ErrNotFound, err: "look up notlocalhost" + notInHosts}},
	}
	r := world{hosts: hosts, nsswitch: "hosts: files\n"}.resolver()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addrs, err := r.Lookup(t.Context(), tt.host, tt.family)
			check(t, addrs, err, tt.want)
		})
	}
}

func TestLookupChecksTheName(t *testing.T) {
	label := strings.Repeat("a", 63)
	long := strings.Join([]string{label, label, label, label[:61]}, ".")
	tests := []struct{ name, host, want string }{
		{"ok longest", long, ""},
		{"ok longest with a dot", long + ".", ""},
		{"ok underscore", "_dmarc.a_b.example", ""},
		{"ok hyphens inside", "r3---sn-.example", ""},
		{"ok digits in front", "3com.example", ""},
		{"ok A-label", "xn--bcher-kva.example", ""},
		{"ok hexadecimal letters without 0x", "beef", ""},
		{"bad too long", long + "a", "254 characters, at most 253"},
		{"bad label too long", label + "a.example", "the label aaaaaaaaaaaaaaaa... has 64 characters, at most 63"},
		{"bad empty", "", "the name is empty"},
		{"bad dot alone", ".", "the name is empty"},
		{"bad two dots", "a..b", "empty label"},
		{"bad leading dot", ".a", "empty label"},
		{"bad two trailing dots", "a..", "empty label"},
		{"bad leading hyphen", "-oProxyCommand.example", "cannot begin with a hyphen"},
		{"bad umlaut", "b\u00fccher.example", "give an internationalized name as A-labels"},
		{"bad brackets", "[::1]", "without brackets"},
		{"bad port", "example.com:443", "the port is given apart"},
		{"bad URL", "https://example.com/", "this is a URL"},
		{"bad space", "a b", `cannot contain ' ' (at offset 1)`},
		{"bad NUL", "a\x00.example", `cannot contain '\x00' (at offset 1)`},
		{"bad newline", "a\n192.0.2.1", `cannot contain '\n'`},
		{"bad wildcard", "*.example", "cannot contain '*'"},
		{"bad short IPv4", "127.1", "its last label is a number"},
		{"bad one number", "2130706433", "its last label is a number"},
		{"bad hexadecimal", "0x7f000001", "its last label is a number"},
		{"bad IPv4 with a dot", "192.0.2.1.", "its last label is a number"},
		{"bad IPv4 out of range", "192.0.2.256", "its last label is a number"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := world{hosts: "192.0.2.1 " + strings.TrimSuffix(tt.host, ".") + "\n", nsswitch: "hosts: files"}.resolver()
			_, err := r.Lookup(t.Context(), tt.host, resolve.Any)
			if tt.want == "" {
				if err != nil {
					t.Errorf("Lookup(%q): %v", tt.host, err)
				}
				return
			}
			if !errors.Is(err, resolve.ErrName) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Lookup(%q): %v, want ErrName with %q", tt.host, err, tt.want)
			}
		})
	}
}

func TestSources(t *testing.T) {
	s := serve(t, zone(t, "both.example. A 192.0.2.20", "onlydns.example. A 192.0.2.21", "printer.local. A 192.0.2.22"))
	const hosts = "192.0.2.10 both.example onlyfiles.example\n"
	const resolv = "nameserver 10.0.0.1\n"
	notFound := func(host, why string) outcome {
		return outcome{class: resolve.ErrNotFound, err: "look up " + host + ": " + why}
	}
	tests := []struct {
		name, nsswitch, host string
		want                 outcome
	}{
		{"ok default asks files first", "", "both.example", outcome{addrs: "192.0.2.10"}},
		{"ok default asks dns next", "", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"ok no hosts line is the default", "passwd: files\n", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"ok dns first", "hosts: dns files", "both.example", outcome{addrs: "192.0.2.20"}},
		{"ok files after dns", "hosts: dns files", "onlyfiles.example", outcome{addrs: "192.0.2.10"}},
		{"ok last line counts", "hosts: files\nhosts: dns", "both.example", outcome{addrs: "192.0.2.20"}},
		{"ok comment and spaces", " hosts :\tfiles # dns\n", "onlyfiles.example", outcome{addrs: "192.0.2.10"}},
		{"ok unserved modules are passed over", "hosts: mymachines files myhostname dns", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"ok actions of unserved modules too", "hosts: wins [NOTFOUND=return UNAVAIL=return] dns", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"ok resolve is dns", "hosts: files resolve [!UNAVAIL=return] dns", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"ok usual desktop", "hosts: files mdns4_minimal [NOTFOUND=return] dns", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"bad .local there", "hosts: files mdns4_minimal [NOTFOUND=return] dns", "printer.local", notFound("printer.local", "/etc/nsswitch.conf leaves .local to mdns4_minimal, and multicast DNS is not served")},
		{"ok .local without mdns", "hosts: files dns", "printer.local", outcome{addrs: "192.0.2.22"}},
		{"ok .local without the action", "hosts: files mdns4 dns", "printer.local", outcome{addrs: "192.0.2.22"}},
		{"bad files alone", "hosts: files", "onlydns.example", notFound("onlydns.example", "no such name (not in /etc/hosts, and /etc/nsswitch.conf has nobody else to ask)")},
		{"bad dns alone", "hosts: dns", "onlyfiles.example", notFound("onlyfiles.example", "no such name (asked 10.0.0.1)")},
		{"bad files return", "hosts: files [NOTFOUND=return] dns", "onlydns.example", notFound("onlydns.example", "no such name (not in /etc/hosts, and /etc/nsswitch.conf has nobody else to ask)")},
		{"bad files return by negation", "hosts: files [!SUCCESS=return] dns", "onlydns.example", notFound("onlydns.example", "no such name (not in /etc/hosts, and /etc/nsswitch.conf has nobody else to ask)")},
		{"ok return undone", "hosts: files [NOTFOUND=return NOTFOUND=continue] dns", "onlydns.example", outcome{addrs: "192.0.2.21"}},
		{"ok dns returns", "hosts: dns [!UNAVAIL=return] files", "both.example", outcome{addrs: "192.0.2.20"}},
		{"bad dns returns", "hosts: dns [!UNAVAIL=return] files", "onlyfiles.example", notFound("onlyfiles.example", "no such name (asked 10.0.0.1)")},
		{"bad nobody served", "hosts: wins ldap", "both.example", notFound("both.example", "no such name (/etc/nsswitch.conf lists no source that is served: wins and ldap)")},
		{"ok localhost though nobody is served", "hosts: wins", "localhost", outcome{addrs: "::1 127.0.0.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := world{hosts: hosts, nsswitch: tt.nsswitch, resolv: resolv, dial: dialers{"10.0.0.1": s.dial}}.resolver()
			addrs, err := r.Lookup(t.Context(), tt.host, resolve.Any)
			check(t, addrs, err, tt.want)
		})
	}
}

type dialers = map[string]func(context.Context, string) (net.Conn, error)

func TestLocalhostIsNotAskedFor(t *testing.T) {
	s := serve(t, zone(t, "localhost. A 192.0.2.66", "a.localhost. A 192.0.2.66"))
	r := world{nsswitch: "hosts: dns files", resolv: "nameserver 10.0.0.1\nsearch corp.example\n", dial: dialers{"10.0.0.1": s.dial}}.resolver()
	for _, host := range []string{"localhost", "localhost.", "a.localhost"} {
		addrs, err := r.Lookup(t.Context(), host, resolve.Any)
		check(t, addrs, err, outcome{addrs: "::1 127.0.0.1"})
	}
	if got := s.asked(); len(got) > 0 {
		t.Errorf("the server was asked %v", got)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	broken := errors.New("input/output error")
	opens := func(path string, f func() (io.ReadCloser, error)) func(string) (io.ReadCloser, error) {
		return func(name string) (io.ReadCloser, error) {
			if name == path {
				return f()
			}
			return world{}.open(name)
		}
	}
	fails := func(err error) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) { return nil, err }
	}
	big := func(unit string, size int) func() (io.ReadCloser, error) {
		return func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(bytes.Repeat([]byte(unit), size/len(unit)+1))), nil
		}
	}
	unreachable := "look up a.example: 127.0.0.1 gave no answer: network is unreachable"
	tests := []struct {
		name string
		open func(string) (io.ReadCloser, error)
		want string
	}{
		{"ok nothing there: 127.0.0.1 is asked", world{}.open, unreachable},
		{"ok hosts forbidden", opens("/etc/hosts", fails(fs.ErrPermission)), unreachable},
		{"ok resolv.conf forbidden", opens("/etc/resolv.conf", fails(fs.ErrPermission)), unreachable},
		{"ok hosts at its bound", opens("/etc/hosts", big("192.0.2.1 b\n", 16<<20-12)), unreachable},
		{"bad hosts broken", opens("/etc/hosts", fails(broken)), "look up a.example: input/output error"},
		{"bad hosts too large", opens("/etc/hosts", big("192.0.2.1 b\n", 16<<20+1)), "look up a.example: read /etc/hosts: larger than 16 MiB"},
		{"bad hosts one line", opens("/etc/hosts", big("192.0.2.1 b ", 2<<20)), "look up a.example: read /etc/hosts: bufio.Scanner: token too long"},
		{"bad nsswitch.conf too large", opens("/etc/nsswitch.conf", big("passwd: files\n", 1<<20+1)), "look up a.example: read /etc/nsswitch.conf: larger than 1 MiB"},
		{"bad resolv.conf too large", opens("/etc/resolv.conf", big("nameserver 192.0.2.1\n", 1<<20+1)), "look up a.example: read /etc/resolv.conf: larger than 1 MiB"},
		{"bad resolv.conf long line", opens("/etc/resolv.conf", big("search a ", 64<<10)), "look up a.example: read /etc/resolv.conf: a line is longer than 64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := resolve.New(resolve.Config{Open: tt.open, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errUnreachable }})
			addrs, err := r.Lookup(t.Context(), "a.example", resolve.Any)
			check(t, addrs, err, outcome{class: resolve.ErrTemporary, err: tt.want})
			_, err = r.Lookup(t.Context(), "localhost", resolve.Any)
			if err != nil && !strings.Contains(tt.name, "nsswitch") {
				t.Errorf("localhost: %v", err)
			}
		})
	}
}

func TestInterleave(t *testing.T) {
	tests := []struct{ name, addrs, want string }{
		{"ok one family keeps its order", "192.0.2.2 192.0.2.1", "192.0.2.2 192.0.2.1"},
		{"ok IPv6 first", "192.0.2.1 2001:db8::1", "2001:db8::1 192.0.2.1"},
		{"ok turns, then the rest", "2001:db8::2 2001:db8::1 2001:db8::3 192.0.2.9 192.0.2.1", "2001:db8::2 192.0.2.9 2001:db8::1 192.0.2.1 2001:db8::3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var hosts strings.Builder
			for a := range strings.FieldsSeq(tt.addrs) {
				fmt.Fprintln(&hosts, a, "h")
			}
			addrs, err := world{hosts: hosts.String()}.resolver().Lookup(t.Context(), "h", resolve.Any)
			check(t, addrs, err, outcome{addrs: tt.want})
		})
	}
}

func TestErrorUnwraps(t *testing.T) {
	err := error(&resolve.Error{Host: "a\nb", Reason: "why", Class: resolve.ErrTemporary, Cause: context.Canceled})
	if !errors.Is(err, resolve.ErrTemporary) || !errors.Is(err, context.Canceled) || errors.Is(err, resolve.ErrNotFound) {
		t.Errorf("%v does not unwrap to its class and cause alone", err)
	}
	if got, want := err.Error(), `look up "a\nb": why`; got != want {
		t.Errorf("text (-want +got):\n-%s\n+%s", want, got)
	}
	var e *resolve.Error
	if _, err := (world{nsswitch: "hosts: files"}).resolver().Lookup(t.Context(), strings.Repeat("x", 9999), resolve.Any); !errors.As(err, &e) || len(err.Error()) > 1000 {
		t.Errorf("a long name gives %d bytes of error", len(err.Error()))
	}
}

func TestAddressesAreBounded(t *testing.T) {
	var hosts strings.Builder
	for i := range 200 {
		fmt.Fprintf(&hosts, "192.0.2.%d h\n2001:db8::%x h\n", i, i)
	}
	addrs, err := world{hosts: hosts.String()}.resolver().Lookup(t.Context(), "h", resolve.Any)
	if err != nil || len(addrs) != 64 {
		t.Errorf("%d addresses, %v; want 64", len(addrs), err)
	}
	if slices.Index(addrs, addrs[0]) != 0 || !addrs[0].Is6() || !addrs[1].Is4() {
		t.Errorf("order begins %v", addrs[:2])
	}
}
