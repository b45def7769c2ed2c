package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/resolve"
)

// files are what the resolver reads, as the program saw them when it called connect.
type files map[string][]byte

// filesMax bounds one of them, in bytes.
const filesMax = 16 << 20

func readFiles(task Task) (files, error) {
	all := files{}
	for _, name := range []string{"/etc/hosts", "/etc/nsswitch.conf", "/etc/resolv.conf"} {
		b, err := readFile(task, name)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all[name] = b
	}
	return all, nil
}

func readFile(task Task, name string) ([]byte, error) {
	f, err := task.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readRegular(f, filesMax)
}

// readRegular reads a whole file of at most limit bytes, and nothing that could make the reader wait.
func readRegular(f *os.File, limit int64) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, linux.EISDIR
	}
	if !info.Mode().IsRegular() {
		return nil, invalid("%s is not a regular file", f.Name())
	}
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		return nil, invalid("%s is larger than %d bytes", f.Name(), limit)
	}
	return b, err
}

func (f files) open(name string) (io.ReadCloser, error) {
	b, ok := f[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return io.NopCloser(bytes.NewReader(b)), nil
}

// raceName resolves the name and races its addresses.
func (a *attempt) raceName() (*os.File, error) {
	r := resolve.New(resolve.Config{Open: a.files.open, Dial: nameServers(a.id)})
	addrs, err := r.Lookup(a.ctx, a.target.name, a.families())
	if err != nil {
		if a.ctx.Err() != nil {
			return nil, err
		}
		return nil, &abi.Failure{Kind: abi.Unresolved, Err: err}
	}
	return resolve.Race(a.ctx, addrs, a.dialAddr, func(f *os.File) { f.Close() })
}

// families are those the socket can reach: both, whatever its domain, as the program has named no address;
// but what it has bound or set for one family binds it to that.
func (a *attempt) families() resolve.Family {
	if a.domain == linux.AFInet && (a.bound != nil || hasLevel(a.options, linux.SolIP)) {
		return resolve.IPv4
	}
	if a.domain == linux.AFInet6 && (v6only(a.options) || boundTo6(a.bound)) {
		return resolve.IPv6
	}
	return resolve.Any
}

func hasLevel(options []recorded, level int) bool {
	for _, o := range options {
		if o.level == level {
			return true
		}
	}
	return false
}

func v6only(options []recorded) bool {
	for _, o := range options {
		if o.level == linux.SolIPv6 && o.name == linux.IPv6V6Only {
			return len(o.value) >= 4 && nativeUint32(o.value) != 0
		}
	}
	return false
}

func boundTo6(addr []byte) bool {
	a, ok := ParseInet(addr)
	return ok && a.Addr().Is6() && !a.Addr().Is4In6() && !a.Addr().IsUnspecified()
}

// dialAddr makes one attempt of the race on a TCP socket of its own.
func (a *attempt) dialAddr(ctx context.Context, ip netip.Addr) (*os.File, error) {
	domain := a.domain
	if domain == linux.AFInet && ip.Is6() {
		domain = linux.AFInet6
	}
	fd, err := newTCP(a.id, domain, a.options)
	if err != nil {
		return nil, err
	}
	f, err := fd.File("tcp")
	if err != nil {
		fd.Close()
		return nil, err
	}
	if a.bound != nil {
		err = bindTCP(a.id, fd, a.bound)
	}
	if err == nil {
		err = connectTCP(ctx, a.id, f, InetSockaddr(netip.AddrPortFrom(ip, a.target.port), domain))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// connectTCP connects and waits.
func connectTCP(ctx context.Context, id *linux.Identity, f *os.File, addr []byte) error {
	err := id.As(func() error {
		return linux.Control(f, func(fd linux.FD) error { return linux.Connect(fd, addr) })
	})
	if errors.Is(err, linux.EINPROGRESS) {
		err = waitTCP(ctx, f)
	}
	return err
}

// notFound says whether a name is known not to exist.
func notFound(err error) bool { return errors.Is(err, resolve.ErrNotFound) }

// nameServers connects to name servers in a program's network namespace.
func nameServers(id *linux.Identity) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dialServer(ctx, id, network, addr)
	}
}

func dialServer(ctx context.Context, id *linux.Identity, network, addr string) (net.Conn, error) {
	server, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	domain, typ := linux.AFInet, linux.SockDgram
	if server.Addr().Is6() && !server.Addr().Is4In6() {
		domain = linux.AFInet6
	}
	if network == "tcp" {
		typ = linux.SockStream
	}
	f, err := newSocket(id, domain, typ)
	if err != nil {
		return nil, err
	}
	defer f.Close() // net.FileConn makes a duplicate
	if err := connectTCP(ctx, id, f, InetSockaddr(server, domain)); err != nil {
		return nil, err
	}
	return net.FileConn(f)
}

func newSocket(id *linux.Identity, domain, typ int) (*os.File, error) {
	var f *os.File
	err := id.As(func() error {
		fd, err := linux.Socket(domain, typ|linux.SockNonblock, 0)
		if err == nil {
			f, err = fd.File("name server")
		}
		return err
	})
	return f, err
}
