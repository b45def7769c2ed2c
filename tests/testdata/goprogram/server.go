package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

const head = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"

// server answers as many connections as "times" says, each in a goroutine.
func server(port string, args arguments) error {
	l, err := listen(port, args)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }()
	times, err := strconv.Atoi(args.get("times", "1"))
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for range times {
		c, err := l.AcceptTCP()
		if err != nil {
			return err
		}
		all.Go(func() { serve(c) })
	}
	all.Wait()
	return nil
}

func listen(port string, args arguments) (*net.TCPListener, error) {
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, protoTLS)
	if err != nil {
		return nil, fail(-1, "socket", err)
	}
	if err := configure(fd, args); err != nil {
		return nil, err
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, fail(fd, "bind", err)
	}
	if err := syscall.Listen(fd, 16); err != nil {
		return nil, fail(fd, "listen", err)
	}
	f := os.NewFile(uintptr(fd), "tls")
	defer func() { _ = f.Close() }()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("package net takes the socket for a %T", l)
	}
	_, chosen, _ := strings.Cut(l.Addr().String(), ":")
	fmt.Println("port", chosen)
	return tcp, nil
}

func serve(c *net.TCPConn) {
	defer func() { _ = c.Close() }()
	page, err := describe(c)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print("connection\n" + page)
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	if err != nil {
		fmt.Printf("request <%s>\n", requestEnd(err))
		return
	}
	line, _, _ := strings.Cut(string(buf[:n]), "\n")
	fmt.Println("request", strings.TrimRight(line, "\r"))
	if _, err := io.WriteString(c, head+page); err != nil {
		fmt.Println(err)
	}
}

func requestEnd(err error) string {
	if err == io.EOF {
		return "end"
	}
	return errnoName(err)
}
