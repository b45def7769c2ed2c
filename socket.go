package ssa

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall" //nolint:depguard // for the type that net.Dialer.Control has
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// socket makes a TLS socket in Go's poller.
func socket(domain int) (*os.File, error) {
	fd, err := linux.Socket(domain, linux.SockStream|linux.SockNonblock, Protocol)
	if errors.Is(err, linux.EPROTONOSUPPORT) {
		return nil, &Error{Call: "socket", Errno: err, Reason: "no TLS sockets here: start the program with `ssa run`"}
	}
	if err != nil {
		return nil, &Error{Call: "socket", Errno: err}
	}
	f, err := fd.File("tls")
	if err != nil {
		_ = fd.Close()
	}
	return f, err
}

// control has a program's function see the socket before it is used.
func control(f *os.File, network, address string, fn func(string, string, syscall.RawConn) error) error {
	if fn == nil {
		return nil
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return fn(network, address, raw)
}

// connect connects to an address in the kernel's form and waits for the end of the handshake. The end of ctx gives up.
func connect(ctx context.Context, f *os.File, addr []byte) error {
	stop := context.AfterFunc(ctx, func() { _ = f.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	started, err := false, error(nil)
	wait := linux.WaitWrite(f, func(fd linux.FD) bool {
		if !started {
			started = true
			err = linux.Connect(fd, addr)
			if errors.Is(err, linux.EINPROGRESS) {
				return false
			}
		} else if err = pending(fd); err == nil && !connected(fd) {
			return false // this was the readiness of before connect()
		}
		if err != nil {
			err = failed(fd, "connect", err)
		}
		return true
	})
	if wait != nil {
		return errors.Join(context.Cause(ctx), wait)
	}
	return err
}

// pending is SO_ERROR: how a connect() ended that went on by itself.
func pending(fd linux.FD) error {
	n, err := linux.GetsockoptInt(fd, linux.SolSocket, linux.SoError)
	if err == nil && n != 0 {
		err = linux.Errno(n)
	}
	return err
}

func connected(fd linux.FD) bool {
	_, err := linux.Getpeername(fd)
	return err == nil
}

// sockaddr is an address in the kernel's form, with the family its socket needs.
func sockaddr(a netip.AddrPort) (domain int, addr []byte) {
	ip := a.Addr().Unmap()
	if ip.Is4() {
		addr = binary.NativeEndian.AppendUint16(nil, linux.AFInet)
		addr = binary.BigEndian.AppendUint16(addr, a.Port())
		return linux.AFInet, append(append(addr, ip.AsSlice()...), make([]byte, 8)...)
	}
	addr = binary.NativeEndian.AppendUint16(nil, linux.AFInet6)
	addr = binary.BigEndian.AppendUint16(addr, a.Port())
	addr = append(append(addr, 0, 0, 0, 0), ip.AsSlice()...)
	return linux.AFInet6, binary.NativeEndian.AppendUint32(addr, zone(ip))
}

// zone is the number of an address's zone; 0 is none.
func zone(ip netip.Addr) uint32 {
	i, err := net.InterfaceByName(ip.Zone())
	if err != nil {
		return 0
	}
	return uint32(i.Index)
}

// hostname is a struct sockaddr_host.
func hostname(name string, port uint16) []byte {
	addr := binary.NativeEndian.AppendUint16(nil, FamilyHostname)
	addr = binary.BigEndian.AppendUint16(addr, port)
	return append(append(addr, name...), 0)
}

// taken hands a socket to package net, which asks it for its addresses and needs a duplicate.
func taken[T any](f *os.File, take func(*os.File) (any, error)) (*T, error) {
	got, err := take(f)
	if err != nil {
		return nil, err
	}
	t, ok := got.(*T)
	if !ok {
		return nil, &net.AddrError{Err: "not the address of a TCP socket", Addr: f.Name()}
	}
	return t, nil
}
