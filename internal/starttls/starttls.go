package starttls

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// textMax bounds what a server may say before TLS, in bytes.
const textMax = 64 << 10

// protocols are the ways to ask, by the names of the protocols.
func protocols() map[string]func(*talk) error {
	return map[string]func(*talk) error{
		"smtp": smtp, "imap": imap, "pop3": pop3, "ftp": ftp, "xmpp": xmpp, "postgres": postgres, "ldap": ldap,
	}
}

// Protocols are the names of the protocols.
func Protocols() (names []string) {
	for name := range protocols() {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Ask has a server of a protocol begin TLS; host is the name it is known by. After it the next byte of the connection is
// the first of TLS.
func Ask(conn io.ReadWriter, protocol, host string) error {
	ask := protocols()[protocol]
	if ask == nil {
		return fmt.Errorf("STARTTLS for %q: the protocols are %s", protocol, strings.Join(Protocols(), ", "))
	}
	t := &talk{conn: conn, host: host}
	if err := ask(t); err != nil {
		return fmt.Errorf("ask for TLS by the rules of %s: %w", protocol, err)
	}
	return nil
}

// talk is a conversation, read byte by byte so that nothing of TLS is taken.
type talk struct {
	conn io.ReadWriter
	host string
	read int
}

func (t *talk) say(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(t.conn, text)
	return err
}

func (t *talk) byte() (byte, error) {
	var b [1]byte
	if t.read++; t.read > textMax {
		return 0, fmt.Errorf("the server says more than %d bytes", textMax)
	}
	_, err := io.ReadFull(t.conn, b[:])
	if errors.Is(err, io.EOF) {
		err = errors.New("the server ended the connection")
	}
	return b[0], err
}

// until reads up to and including an end.
func (t *talk) until(end string) (string, error) {
	var text []byte
	for !bytes.HasSuffix(text, []byte(end)) {
		b, err := t.byte()
		if err != nil {
			return "", err
		}
		text = append(text, b)
	}
	return string(text), nil
}

func (t *talk) line() (string, error) {
	s, err := t.until("\n")
	return strings.TrimRight(s, "\r\n"), err
}

// reply reads a reply of SMTP or FTP, which may have several lines, and demands its code.
func (t *talk) reply(code string) error {
	for {
		s, err := t.line()
		if err != nil {
			return err
		}
		if !strings.HasPrefix(s, code) {
			return fmt.Errorf("the server answered %.200q instead of %s", s, code)
		}
		if !strings.HasPrefix(s, code+"-") {
			return nil
		}
	}
}

// smtp is RFC 3207.
func smtp(t *talk) error {
	for _, step := range []struct{ say, code string }{{"", "220"}, {"EHLO localhost\r\n", "250"}, {"STARTTLS\r\n", "220"}} {
		if err := errors.Join(t.say(step.say), t.reply(step.code)); err != nil {
			return err
		}
	}
	return nil
}

// ftp is RFC 4217.
func ftp(t *talk) error {
	for _, step := range []struct{ say, code string }{{"", "220"}, {"AUTH TLS\r\n", "234"}} {
		if err := errors.Join(t.say(step.say), t.reply(step.code)); err != nil {
			return err
		}
	}
	return nil
}

// expect reads a line and demands how it begins.
func (t *talk) expect(begin string) error {
	s, err := t.line()
	if err == nil && !strings.HasPrefix(s, begin) {
		err = fmt.Errorf("the server answered %.200q instead of %s", s, begin)
	}
	return err
}

// pop3 is RFC 2595, section 4.
func pop3(t *talk) error {
	if err := t.expect("+OK"); err != nil {
		return err
	}
	return errors.Join(t.say("STLS\r\n"), t.expect("+OK"))
}

// imap is RFC 3501, section 6.2.1.
func imap(t *talk) error {
	if err := t.expect("* OK"); err != nil {
		return err
	}
	if err := t.say("a STARTTLS\r\n"); err != nil {
		return err
	}
	for {
		s, err := t.line()
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(s, "a OK"):
			return nil
		case !strings.HasPrefix(s, "* "):
			return fmt.Errorf("the server answered %.200q instead of a OK", s)
		}
	}
}

// xmpp is RFC 6120, section 5.
func xmpp(t *talk) error {
	const open = "<?xml version='1.0'?><stream:stream to='%s' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
	if strings.ContainsAny(t.host, "<>&'\"") {
		return fmt.Errorf("%q is no host name", t.host)
	}
	if err := t.say(fmt.Sprintf(open, t.host)); err != nil {
		return err
	}
	if _, err := t.until("</stream:features>"); err != nil {
		return err
	}
	if err := t.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"); err != nil {
		return err
	}
	s, err := t.until(">")
	if err == nil && !strings.HasPrefix(strings.TrimSpace(s), "<proceed") {
		err = fmt.Errorf("the server answered %.200q instead of <proceed>", s)
	}
	return err
}

// postgres is the SSLRequest of the PostgreSQL protocol, version 3.
func postgres(t *talk) error {
	if err := t.say("\x00\x00\x00\x08\x04\xd2\x16\x2f"); err != nil {
		return err
	}
	b, err := t.byte()
	if err == nil && b != 'S' {
		err = fmt.Errorf("the server answered %q instead of 'S'", b)
	}
	return err
}

// ldap is the extended operation of RFC 4511, section 4.14.
func ldap(t *talk) error {
	const request = "\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037"
	if err := t.say(request); err != nil {
		return err
	}
	message, err := t.element()
	if err != nil {
		return err
	}
	var outer, operation asn1.RawValue
	var id int
	var code asn1.Enumerated
	if _, err := asn1.Unmarshal(message, &outer); err != nil {
		return fmt.Errorf("the server's answer is no LDAP message: %w", err)
	}
	rest, err := asn1.Unmarshal(outer.Bytes, &id)
	if err == nil {
		_, err = asn1.Unmarshal(rest, &operation)
	}
	if err == nil {
		_, err = asn1.Unmarshal(operation.Bytes, &code)
	}
	if err != nil {
		return fmt.Errorf("the server's answer is no LDAP response: %w", err)
	}
	if operation.Class != asn1.ClassApplication || operation.Tag != 24 || code != 0 {
		return fmt.Errorf("the server refused by LDAP: result code %d, operation %d", code, operation.Tag)
	}
	return nil
}

// element reads one element of BER, with its header.
func (t *talk) element() ([]byte, error) {
	var all []byte
	take := func(n int) error {
		for range n {
			b, err := t.byte()
			if err != nil {
				return err
			}
			all = append(all, b)
		}
		return nil
	}
	if err := take(2); err != nil {
		return nil, err
	}
	n := int(all[1])
	if n >= 0x80 {
		size := n & 0x7f
		if size == 0 || size > 3 {
			return nil, fmt.Errorf("the server's answer has a length of %d bytes", size)
		}
		if err := take(size); err != nil {
			return nil, err
		}
		n = 0
		for _, b := range all[2:] {
			n = n<<8 | int(b)
		}
	}
	return all, take(min(n, textMax))
}
