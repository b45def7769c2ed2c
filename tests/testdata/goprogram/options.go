package main

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"syscall"
	"unsafe"
)

const (
	protoTLS       = 205
	familyHostname = 43
	tlsError       = 100
)

func textOptions() map[string]int {
	return map[string]int{"name": 85, "names": 86, "ca": 87, "cert": 88, "key": 89, "alpn": 90, "without": 92, "ciphers": 97}
}

func numberOptions() map[string]int {
	return map[string]int{"ttl": 91, "auth": 94, "reuse": 108, "min": 111, "max": 112}
}

// configure sets every option that an argument names, in the order of the arguments.
func configure(fd int, args arguments) error {
	for _, p := range args {
		if o, ok := textOptions()[p.name]; ok {
			if err := syscall.SetsockoptString(fd, protoTLS, o, p.value); err != nil {
				return fail(fd, "setsockopt", err)
			}
		}
		if o, ok := numberOptions()[p.name]; ok {
			n, _ := strconv.ParseInt(p.value, 0, 32)
			if err := syscall.SetsockoptInt(fd, protoTLS, o, int(n)); err != nil {
				return fail(fd, "setsockopt", err)
			}
		}
	}
	return nil
}

func getsockopt(fd, option int, buf []byte) (int, error) {
	size := uint32(len(buf))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), protoTLS, uintptr(option),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0, errno
	}
	return int(size), nil
}

// text reads a text option without its NUL; one that cannot be read gives its errno in angle brackets.
func text(fd, option int) string {
	buf := make([]byte, 1<<16)
	n, err := getsockopt(fd, option, buf)
	if err != nil {
		return "<" + errnoName(err) + ">"
	}
	return strings.TrimRight(string(buf[:n]), "\x00")
}

func number(fd, option int) int {
	n, err := syscall.GetsockoptInt(fd, protoTLS, option)
	if err != nil {
		return -1
	}
	return n
}

// describe gives lines on what a connection is.
func describe(c *net.TCPConn) (string, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return "", err
	}
	var out string
	err = raw.Control(func(d uintptr) {
		fd := int(d)
		out = fmt.Sprintf("version 0x%04x\ncipher %s\nalpn %s\nresumed %d\nidentity %s\nsni %s\nid %s\nchain %d\nlocal %s\nremote %s\n",
			number(fd, 113), text(fd, 98), text(fd, 90), number(fd, 109), text(fd, 93), text(fd, 86), id(fd),
			strings.Count(text(fd, 95), "-----BEGIN CERTIFICATE-----"), c.LocalAddr(), c.RemoteAddr())
	})
	return out, err
}

func id(fd int) string {
	var buf [8]byte
	if n, err := getsockopt(fd, 96, buf[:]); err != nil || n != 8 || buf == [8]byte{} {
		return "no"
	}
	return "yes"
}
