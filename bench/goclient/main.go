// Command goclient is bench/c/client.c with Go's crypto/tls in the process, and as "serve" an HTTPS server of files.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "goclient:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}

func run(args []string) error {
	if len(args) == 5 && args[0] == "serve" {
		quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
		s := http.Server{Addr: args[1], ErrorLog: quiet, Handler: http.FileServer(http.Dir(args[4])), TLSConfig: &tls.Config{
			CurvePreferences: []tls.CurveID{tls.X25519}, NextProtos: []string{"http/1.1"}, MinVersion: tls.VersionTLS12,
		}}
		return s.ListenAndServeTLS(args[2], args[3])
	}
	if len(args) < 5 {
		return errors.New("usage: goclient CA NAME [ADDRESS:]PORT MODE COUNT [BYTES] | goclient serve ADDRESS CHAIN KEY ROOT")
	}
	c, err := newClient(args)
	if err != nil {
		return err
	}
	return c.measure(args[3])
}

// client measures as bench/c/client.c says.
type client struct {
	address string
	count   int
	bytes   uint64
	tls     *tls.Config
}

func newClient(args []string) (*client, error) {
	text, err := os.ReadFile(args[0])
	if err != nil {
		return nil, err
	}
	c := &client{address: args[2]}
	if !strings.Contains(c.address, ":") {
		c.address = "127.0.0.1:" + c.address
	}
	c.tls = &tls.Config{ServerName: args[1], RootCAs: x509.NewCertPool(), CurvePreferences: []tls.CurveID{tls.X25519}, MinVersion: tls.VersionTLS13}
	c.tls.RootCAs.AppendCertsFromPEM(text)
	if os.Getenv("BENCH_GROUPS") == "default" {
		c.tls.CurvePreferences = nil
	}
	if strings.HasPrefix(args[3], "re") {
		c.tls.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	if c.count, err = strconv.Atoi(args[4]); err == nil && len(args) > 5 {
		c.bytes, err = strconv.ParseUint(args[5], 10, 64)
	}
	return c, err
}

func (c *client) measure(mode string) error {
	modes := map[string]func() error{
		"full": func() error { return c.fetches(1) }, "resumed": func() error { return c.fetches(1) },
		"fetch": func() error { return c.fetches(c.bytes) }, "refetch": func() error { return c.fetches(c.bytes) },
		"download": func() error { return c.transfers(os.Stdout, 'D', c.bytes) }, "upload": func() error { return c.transfers(os.Stdout, 'U', c.bytes) },
		"many-down": func() error { return c.many('D') }, "many-up": func() error { return c.many('U') },
		"ping": c.ping, "get": c.gets, "reget": c.gets, "hold": c.hold,
	}
	do := modes[mode]
	if do == nil {
		return errors.New("no such mode: " + mode)
	}
	return do()
}

// timed writes how long fn takes.
func timed(out io.Writer, fn func() error) error {
	start := time.Now()
	err := fn()
	_, werr := fmt.Fprintln(out, time.Since(start).Nanoseconds())
	return errors.Join(err, werr)
}

func (c *client) dial() (*tls.Conn, error) { return tls.Dial("tcp", c.address, c.tls) }

// exchange asks for bytes and moves them.
func exchange(conn *tls.Conn, what byte, bytes uint64) error {
	if _, err := conn.Write(binary.LittleEndian.AppendUint64([]byte{what}, bytes)); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	for left := bytes; what == 'U' && left > 0; {
		n, err := conn.Write(buf[:min(left, uint64(len(buf)))])
		if err != nil {
			return err
		}
		left -= uint64(n)
	}
	if what == 'U' {
		bytes = 1
	}
	for bytes > 0 {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		bytes -= uint64(n)
	}
	return nil
}

func (c *client) fetches(bytes uint64) error {
	for range c.count {
		err := timed(os.Stdout, func() error {
			conn, err := c.dial()
			if err != nil {
				return err
			}
			return errors.Join(exchange(conn, 'D', bytes), conn.Close())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *client) transfers(out io.Writer, what byte, bytes uint64) error {
	conn, err := c.dial()
	if err != nil {
		return err
	}
	for range c.count {
		if err := timed(out, func() error { return exchange(conn, what, bytes) }); err != nil {
			return err
		}
	}
	return conn.Close()
}

func (c *client) many(what byte) error {
	const connections = 8
	one := *c
	one.count = 1
	for range c.count {
		err := timed(os.Stdout, func() error {
			var errs [connections]error
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() { errs[i] = one.transfers(io.Discard, what, c.bytes/connections) })
			}
			wg.Wait()
			return errors.Join(errs[:]...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// get reads a file from a web server; without keep the connection's end is part of the answer.
func get(conn *tls.Conn, bytes uint64, keep bool) error {
	how := map[bool]string{true: "keep-alive", false: "close"}[keep]
	if _, err := fmt.Fprintf(conn, "GET /%d.bin HTTP/1.1\r\nHost: localhost\r\nConnection: %s\r\n\r\n", bytes, how); err != nil {
		return err
	}
	in := bufio.NewReaderSize(conn, 64<<10)
	status, err := in.ReadString('\n')
	if err != nil || !strings.Contains(status, " 200 ") {
		return fmt.Errorf("the web server says %q: %w", status, err)
	}
	for line := status; line != "\r\n" && err == nil; {
		line, err = in.ReadString('\n')
	}
	if err != nil {
		return err
	}
	if n, err := io.CopyN(io.Discard, in, int64(bytes)); err != nil {
		return fmt.Errorf("after %d bytes: %w", n, err)
	}
	if !keep {
		if _, err := in.ReadByte(); err != io.EOF { //nolint:errorlint // as it is, or the connection was cut
			return fmt.Errorf("the web server does not end the connection: %w", err)
		}
	}
	return nil
}

func (c *client) gets() error {
	for range c.count {
		err := timed(os.Stdout, func() error {
			conn, err := c.dial()
			if err != nil {
				return err
			}
			return errors.Join(get(conn, c.bytes, false), conn.Close())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hold has as many connections as the latest line of input says, until there are no more lines.
func (c *client) hold() error {
	var held []*tls.Conn
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		want, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		for len(held) < want {
			conn, err := c.dial()
			if err == nil {
				err = get(conn, 1, true)
			}
			if err != nil {
				return err
			}
			held = append(held, conn)
		}
		if _, err := fmt.Fprintln(os.Stdout, "ready"); err != nil {
			return err
		}
	}
	runtime.KeepAlive(held)
	return nil
}

func (c *client) ping() error {
	conn, err := c.dial()
	if err != nil {
		return err
	}
	question := make([]byte, 9+1024)
	question[0] = 'E'
	binary.LittleEndian.PutUint64(question[1:], 1024)
	answer := make([]byte, 1024)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range c.count {
		<-tick.C
		err := timed(os.Stdout, func() error {
			if _, err := conn.Write(question); err != nil {
				return err
			}
			_, err := io.ReadFull(conn, answer)
			return err
		})
		if err != nil {
			return err
		}
	}
	return conn.Close()
}
