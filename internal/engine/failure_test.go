package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// connOf turns a socket back into a connection.
func connOf(t testing.TB, f *os.File) net.Conn {
	t.Helper()
	defer func() { _ = f.Close() }()
	c, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

// answer is a peer that reads the first message, sends bytes and ends somehow.
func answer(text string, end func(*net.TCPConn)) func(net.Conn) {
	return func(c net.Conn) {
		tcp, _ := c.(*net.TCPConn)
		_, _ = tcp.Read(make([]byte, 4096))
		_, _ = io.WriteString(tcp, text)
		end(tcp)
	}
}

func closing(c *net.TCPConn)   { _ = c.CloseWrite() }
func resetting(c *net.TCPConn) { _ = c.SetLinger(0); _ = c.Close() }

// alert is a fatal alert record.
func alert(code byte) string { return string([]byte{21, 3, 3, 0, 2, 2, code}) }

func TestPeersThatFail(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	const theServer, theClient = `the server "a.example" at 192.0.2.1:443 `, "the client at 192.0.2.7:1234 "
	serverHello := string([]byte{22, 3, 3, 0, 100, 2, 0, 0, 96, 3, 3})
	tests := []struct {
		name           string
		peer           func(net.Conn)
		client, server string
	}{
		{"bad closes", answer("", closing), theServer + "closed the connection during the handshake, before answering the ClientHello: is it a TLS server",
			""},
		{"bad resets", answer("", resetting), theServer + "reset the connection during the handshake, before answering", ""},
		{"bad closes within a record", answer(serverHello, closing), theServer + "closed the connection during the handshake", theClient + "closed the connection during the handshake"},
		{"bad speaks HTTP", answer("HTTP/1.1 400 Bad Request\r\n\r\n", closing), theServer + "does not speak TLS: it speaks plain HTTP", ""},
		{"bad speaks SSH", answer("SSH-2.0-OpenSSH_9.2\r\n", closing), theServer + "does not speak TLS: it speaks SSH", "does not speak TLS: it speaks SSH"},
		{"bad speaks SMTP", answer("220 mail.example ESMTP\r\n", closing), theServer + "does not speak TLS: it speaks SMTP or FTP, which need STARTTLS first", ""},
		{"bad asks for HTTP", answer("GET / HTTP/1.1\r\n\r\n", closing), "", theClient + "does not speak TLS: it speaks plain HTTP"},
		{"bad speaks nothing known", answer("\x00\x01\x02\x03\x04\x05", closing), `is it a TLS server? Its answer begins with "\x00\x01\x02\x03\x04"`,
			`its first bytes are "\x00\x01\x02\x03\x04"`},
		{"bad SSL 2", answer("\x80\x2e\x01\x00\x02", closing), "does not speak TLS", "does not speak TLS"},
		{"bad record too long", answer("\x16\x03\x03\xff\xff", closing), "does not speak TLS", "does not speak TLS"},
		{"bad message of no kind", answer("\x16\x03\x03\x00\x04\xff\x00\x00\x00", closing), "TLS handshake with " + theServer[:len(theServer)-1] + ": ", "TLS handshake with"},
		{"bad handshake_failure", answer(alert(40), closing), theServer + "refused the handshake with the alert handshake_failure: no version, cipher suite",
			theClient + "refused the handshake with the alert handshake_failure"},
		{"bad bad_certificate", answer(alert(42), closing), "bad_certificate: it refused our client certificate", "bad_certificate: it refused our certificate"},
		{"bad unknown_ca", answer(alert(48), closing), "unknown_ca: it does not trust the issuer of our client certificate",
			"does TLS_CERTIFICATE_CHAIN hold the intermediate certificates?"},
		{"bad protocol_version", answer(alert(70), closing), "protocol_version: it supports none of the versions offered (TLS_VERSION_MIN, TLS_VERSION_MAX)", "protocol_version"},
		{"bad unrecognized_name", answer(alert(112), closing), "unrecognized_name: it does not know the name asked for (TLS_REMOTE_HOSTNAME)", "unrecognized_name"},
		{"bad certificate_required", answer(alert(116), closing), "certificate_required: it wants a client certificate (TLS_CERTIFICATE_CHAIN, TLS_PRIVATE_KEY)", ""},
		{"bad alert without a name", answer(alert(99), closing), "with the alert 99", "with the alert 99"},
	}
	for _, tt := range tests {
		s := fit(t, abi.VersionTLS13, leaf)
		s.client.Settings, s.server.Settings = settings(t, abi.VersionTLS12), settings(t, abi.VersionTLS12)
		e := engine.New(engine.Config{})
		if tt.client != "" {
			t.Run("client "+tt.name, func(t *testing.T) {
				ours, theirs := pair(t)
				go tt.peer(connOf(t, theirs))
				_, err := e.Client(within(t), ours, s.client)
				check(t, err, abi.Protocol, tt.client)
			})
		}
		if tt.server != "" {
			t.Run("server "+tt.name, func(t *testing.T) {
				theirs, ours := pair(t)
				c := connOf(t, theirs)
				_, _ = io.WriteString(c, "") // the client speaks first
				go func() { tt.peer(silentReader{c}.TCP()) }()
				srv, err := e.Server(s.server)
				if err != nil {
					t.Fatal(err)
				}
				_, err = srv.Handshake(within(t), engine.Accepted{Network: ours, Remote: netip.MustParseAddrPort("192.0.2.7:1234")})
				check(t, err, abi.Protocol, tt.server)
			})
		}
	}
}

// silentReader is a connection whose far end says nothing first.
type silentReader struct{ net.Conn }

// TCP lets answer's first read return at once.
func (s silentReader) TCP() net.Conn {
	tcp, _ := s.Conn.(*net.TCPConn)
	_ = tcp.SetReadDeadline(time.Unix(1, 0))
	return tcp
}

func TestNothingInCommon(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := credential(t, ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	tests := []struct {
		name           string
		edit           func(*sides)
		client, server string
	}{
		{"bad versions", func(s *sides) { s.server.Settings = settings(t, abi.VersionTLS13) }, "protocol_version", "client offered only unsupported versions"},
		{"bad suites", func(s *sides) {
			s.client.Settings.Ciphers, s.server.Settings.Ciphers = s.client.Settings.Ciphers[:1], s.server.Settings.Ciphers[2:3]
		}, "handshake_failure", "no cipher suite supported by both client and server"},
		{"bad name asked for", func(s *sides) { s.client.Name = "a.example\x00.evil" }, "internal_error", `the client asked for the name "a.example\x00.evil"`},
		{"bad verdict", func(s *sides) { s.client.Verifier = verdict{errors.New("no")} }, "no", "bad_certificate: it refused our certificate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e, s := engine.New(engine.Config{}), fit(t, abi.VersionTLS12, leaf)
			tt.edit(&s)
			o := s.shake(t, e, e)
			check(t, o.clientErr, abi.Protocol, tt.client)
			check(t, o.serverErr, abi.Protocol, tt.server)
		})
	}
}

// TestSilentPeer checks both sides' deadlines, and that a caller's own cancellation stays its own.
func TestSilentPeer(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	s := fit(t, abi.VersionTLS13, leaf)
	s.client.Settings.Limits.HandshakeTimeout = 50 * time.Millisecond
	s.server.Settings.Limits.HandshakeTimeout = 50 * time.Millisecond
	e := engine.New(engine.Config{})
	srv, err := e.Server(s.server)
	if err != nil {
		t.Fatal(err)
	}
	giveUp := errors.New("given up")
	cancelled, cancel := context.WithCancelCause(t.Context())
	cancel(giveUp)
	late, stop := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer stop()
	for _, side := range []struct {
		name  string
		shake func(context.Context, *os.File) error
	}{
		{"client", func(ctx context.Context, f *os.File) error { _, err := e.Client(ctx, f, s.client); return err }},
		{"server", func(ctx context.Context, f *os.File) error {
			_, err := srv.Handshake(ctx, engine.Accepted{Network: f})
			return err
		}},
	} {
		t.Run("bad silent for the "+side.name, func(t *testing.T) {
			ours, theirs := pair(t)
			connOf(t, theirs)
			check(t, side.shake(within(t), ours), abi.Timeout, "did not answer the TLS handshake within 50ms")
			closed(t, ours)
		})
		t.Run("bad caller's deadline for the "+side.name, func(t *testing.T) {
			ours, theirs := pair(t)
			connOf(t, theirs)
			check(t, side.shake(late, ours), abi.Timeout, "did not answer the TLS handshake in time")
			closed(t, ours)
		})
		t.Run("bad cancelled for the "+side.name, func(t *testing.T) {
			ours, theirs := pair(t)
			connOf(t, theirs)
			if err := side.shake(cancelled, ours); !errors.Is(err, giveUp) || errors.As(err, new(*abi.Failure)) {
				t.Errorf("error (-want +got):\n-...%v\n+%v", giveUp, err)
			}
			closed(t, ours)
		})
	}
}

func closed(t *testing.T, f *os.File) {
	t.Helper()
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("socket still open: %v", err)
	}
}

// TestCutAnywhere cuts the connection after each record, and within it, in either direction: both ends come to an
// end with a failure that says so, or had finished before.
func TestCutAnywhere(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	for version, v := range versions() {
		t.Run(version, func(t *testing.T) {
			s := fit(t, v, leaf)
			s.client.Credentials, s.server.Settings.PeerAuth = []engine.Credential{leaf}, abi.PeerAuthRequire
			whole := &cut{after: -1}
			// The records are counted when this has ended.
			t.Run("ok whole", func(t *testing.T) { s.through(t, whole).ok(t) })
			for _, end := range []string{"reset", "close"} {
				for fromClient, n := range map[bool]int{true: whole.records[0], false: whole.records[1]} {
					for after := range n {
						for _, within := range []int{0, 3, 7} {
							name := fmt.Sprintf("%s, from client %v, after %d records and %d bytes", end, fromClient, after, within)
							t.Run(name, func(t *testing.T) {
								o := s.through(t, &cut{after: after, within: within, fromClient: fromClient, reset: end == "reset"})
								o.cut(t)
							})
						}
					}
				}
			}
		})
	}
}

// cut demands failures of an outcome.
func (o outcome) cut(t *testing.T) {
	t.Helper()
	if o.clientErr == nil && o.serverErr == nil {
		return // what was cut off came after the handshake
	}
	for who, err := range map[string]error{"client": o.clientErr, "server": o.serverErr} {
		if err == nil {
			continue
		}
		var f *abi.Failure
		if !errors.As(err, &f) || f.Kind != abi.Protocol {
			t.Errorf("%s: %v", who, err)
		}
	}
}
