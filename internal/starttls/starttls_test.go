package starttls_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/starttls"
)

// script is what a server says after each of the client's requests; "" reads nothing first.
type script []struct{ after, say string }

// play runs a server by a script on a pipe, and then sends the first byte of TLS.
func play(conn net.Conn, s script) error {
	r := bufio.NewReader(conn)
	for _, step := range s {
		text := make([]byte, len(step.after))
		if _, err := io.ReadFull(r, text); err != nil || string(text) != step.after {
			return conn.Close()
		}
		if _, err := io.WriteString(conn, step.say); err != nil {
			return err
		}
	}
	_, _ = io.WriteString(conn, "\x16")
	return nil
}

const ldapRequest = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"

func ldapAnswer(code string) string {
	return "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01" + code + "\x04\x00\x04\x00"
}

func TestAsk(t *testing.T) {
	const xmppOpen = "<?xml version='1.0'?><stream:stream to='a.example' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
	const xmppAsk = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
	for _, tt := range []struct {
		name, protocol string
		script         script
		text           string
	}{
		{"ok smtp", "smtp", script{{"", "220-a\r\n220 b\r\n"}, {"EHLO localhost\r\n", "250-x\r\n250 STARTTLS\r\n"}, {"STARTTLS\r\n", "220 go\r\n"}}, ""},
		{"bad smtp", "smtp", script{{"", "220 b\r\n"}, {"EHLO localhost\r\n", "250 x\r\n"}, {"STARTTLS\r\n", "454 no\r\n"}}, `"454 no" instead of 220`},
		{"ok imap", "imap", script{{"", "* OK hi\r\n"}, {"a STARTTLS\r\n", "* CAPABILITY x\r\na OK go\r\n"}}, ""},
		{"bad imap", "imap", script{{"", "* OK hi\r\n"}, {"a STARTTLS\r\n", "a NO\r\n"}}, `"a NO"`},
		{"ok pop3", "pop3", script{{"", "+OK hi\r\n"}, {"STLS\r\n", "+OK\r\n"}}, ""},
		{"bad pop3", "pop3", script{{"", "+OK hi\r\n"}, {"STLS\r\n", "-ERR\r\n"}}, `"-ERR"`},
		{"ok ftp", "ftp", script{{"", "220 hi\r\n"}, {"AUTH TLS\r\n", "234 go\r\n"}}, ""},
		{"bad ftp", "ftp", script{{"", "220 hi\r\n"}, {"AUTH TLS\r\n", "500 what\r\n"}}, `"500 what"`},
		{"ok xmpp", "xmpp", script{{xmppOpen, "<stream:stream><stream:features><starttls/></stream:features>"}, {xmppAsk, "<proceed xmlns='x'/>"}}, ""},
		{"bad xmpp", "xmpp", script{{xmppOpen, "<stream:features></stream:features>"}, {xmppAsk, "<failure/>"}}, "<failure/>"},
		{"ok postgres", "postgres", script{{"\x00\x00\x00\x08\x04\xd2\x16\x2f", "S"}}, ""},
		{"bad postgres", "postgres", script{{"\x00\x00\x00\x08\x04\xd2\x16\x2f", "N"}}, "'N' instead of 'S'"},
		{"ok ldap", "ldap", script{{ldapRequest, ldapAnswer("\x00")}}, ""},
		{"bad ldap", "ldap", script{{ldapRequest, ldapAnswer("\x02")}}, "result code 2, operation 24"},
		{"bad ldap that is none", "ldap", script{{ldapRequest, "HTTP/1.1 400 Bad\r\n" + strings.Repeat("x", 200)}}, "LDAP"},
		{"bad end", "smtp", script{{"", "220 b\r\n"}, {"EHLO elsewhere\r\n", ""}}, "ended the connection"},
		{"bad protocol", "gopher", nil, "the protocols are ftp, imap, ldap"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ours, theirs := net.Pipe()
			done := make(chan error, 1)
			go func() { done <- play(theirs, tt.script) }()
			err := starttls.Ask(ours, tt.protocol, "a.example")
			if tt.text == "" && err == nil {
				var b [1]byte
				if _, err = io.ReadFull(ours, b[:]); b[0] != 0x16 {
					t.Errorf("the next byte is %#x: %v", b[0], err)
				}
			}
			if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("got %v, want %q", err, tt.text)
			}
			_ = ours.Close()
			if err := <-done; err != nil && tt.text == "" {
				t.Errorf("the server: %v", err)
			}
		})
	}
}

// FuzzAsk: whatever a server says, asking ends and reads no more than its bound.
func FuzzAsk(f *testing.F) {
	for _, p := range starttls.Protocols() {
		f.Add(p, []byte("220 a\r\n250 b\r\n220 c\r\n"))
		f.Add(p, []byte(ldapAnswer("\x00")))
	}
	f.Fuzz(func(t *testing.T, protocol string, said []byte) {
		r := strings.NewReader(string(said))
		err := starttls.Ask(struct {
			io.Reader
			io.Writer
		}{r, io.Discard}, protocol, "a.example")
		if read := len(said) - r.Len(); read > 64<<10 || err == nil && read == 0 {
			t.Errorf("read %d bytes: %v", read, err)
		}
	})
}
