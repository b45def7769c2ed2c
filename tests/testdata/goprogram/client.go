package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"unsafe"
)

// client connects as often as "times" says, sends, and writes the answer.
func client(host, port string, args arguments) error {
	times, err := strconv.Atoi(args.get("times", "1"))
	if err != nil {
		return err
	}
	for i := range times {
		fmt.Println("connection", i+1)
		if err := once(host, port, args); err != nil {
			return err
		}
	}
	return nil
}

func once(host, port string, args arguments) error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, protoTLS)
	if err != nil {
		return fail(-1, "socket", err)
	}
	if err := configure(fd, args); err != nil {
		return err
	}
	if err := connect(fd, host, port); err != nil {
		return fail(fd, "connect", err)
	}
	conn, err := fileConn(fd)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	about, err := describe(conn)
	if err != nil {
		return err
	}
	fmt.Print(about)
	return exchange(conn, args)
}

// fileConn hands the socket to package net, which asks it for its type, family and addresses.
func fileConn(fd int) (*net.TCPConn, error) {
	f := os.NewFile(uintptr(fd), "tls")
	defer func() { _ = f.Close() }()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return nil, fmt.Errorf("package net takes the socket for a %T", c)
	}
	return tcp, nil
}

func exchange(conn *net.TCPConn, args arguments) error {
	if _, err := io.WriteString(conn, args.get("send", "GET / HTTP/1.0\r\n\r\n")); err != nil {
		return connFailure(conn, "send", err)
	}
	fmt.Println("answer")
	buf := make([]byte, 1<<14)
	for {
		n, err := conn.Read(buf)
		_, _ = os.Stdout.Write(buf[:n])
		if err == io.EOF || args.get("until", "") == "line" && bytes.Contains(buf[:n], []byte("\n")) {
			return nil
		}
		if err != nil {
			return connFailure(conn, "read", err)
		}
	}
}

func connFailure(conn *net.TCPConn, call string, err error) error {
	raw, rawErr := conn.SyscallConn()
	if rawErr != nil {
		return err
	}
	result := err
	if controlErr := raw.Control(func(fd uintptr) { result = fail(int(fd), call, err) }); controlErr != nil {
		return err
	}
	return result
}

// connect goes to an address with its own family, to a name with AF_HOSTNAME.
func connect(fd int, host, port string) error {
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host).To4(); ip != nil {
		return syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(n), Addr: [4]byte(ip)})
	}
	addr := make([]byte, 4, 260)
	binary.NativeEndian.PutUint16(addr, familyHostname)
	binary.BigEndian.PutUint16(addr[2:], uint16(n))
	addr = append(append(addr, host...), 0)
	_, _, errno := syscall.Syscall(syscall.SYS_CONNECT, uintptr(fd), uintptr(unsafe.Pointer(&addr[0])), uintptr(len(addr)))
	if errno != 0 {
		return errno
	}
	return nil
}
