package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// errTimeout is the cause of a handshake cancelled by its own deadline.
var errTimeout = errors.New("handshake deadline")

// failure is why a handshake did not succeed, as *abi.Failure. Only a caller's own cancellation stays as it is.
func (p peer) failure(ctx context.Context, conn *tls.Conn, err error) error {
	var verdict *abi.Failure
	switch cause := context.Cause(ctx); {
	case errors.As(err, &verdict):
		return verdict
	case errors.Is(cause, errTimeout):
		return abi.Failf(abi.Timeout, "%s did not answer the TLS handshake within %v", p, p.timeout)
	case errors.Is(cause, context.DeadlineExceeded):
		return abi.Failf(abi.Timeout, "%s did not answer the TLS handshake in time", p)
	case cause != nil:
		return fmt.Errorf("TLS handshake with %s: %w", p, cause)
	}
	return &abi.Failure{Kind: abi.Protocol, Err: p.explain(conn, err)}
}

// explain says what went wrong in words a developer can act on.
func (p peer) explain(conn *tls.Conn, err error) error {
	var header tls.RecordHeaderError
	if errors.As(err, &header) {
		return fmt.Errorf("%s does not speak TLS: %s", p, p.instead(header))
	}
	if a, ok := received(err); ok {
		return fmt.Errorf("%s refused the handshake with the alert %s", p, a.explain(p.server))
	}
	if closed(err) {
		return p.explainClosed(conn, err)
	}
	return fmt.Errorf("TLS handshake with %s: %s", p, strings.TrimPrefix(err.Error(), "tls: "))
}

// closed says whether the connection ended under the handshake.
func closed(err error) bool {
	return errors.Is(err, errTruncated) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || reset(err)
}

func reset(err error) bool { return errors.Is(err, linux.ECONNRESET) || errors.Is(err, linux.EPIPE) }

func (p peer) explainClosed(conn *tls.Conn, err error) error {
	how := "closed"
	if reset(err) {
		how = "reset"
	}
	hint := ""
	if conn.ConnectionState().Version == 0 {
		hint = ", before its first message"
		if p.server {
			hint = ", before answering the ClientHello: is it a TLS server, and does it accept this name and version?"
		}
	}
	return fmt.Errorf("%s %s the connection during the handshake%s", p, how, hint)
}

// instead guesses from its first bytes what the peer speaks.
func (p peer) instead(e tls.RecordHeaderError) string {
	what := map[string]string{"HTTP/": "plain HTTP", "SSH-2": "SSH", "220 ": "SMTP or FTP, which need STARTTLS first",
		"220-": "SMTP or FTP, which need STARTTLS first", "+OK ": "POP3, which needs STLS first", "* OK ": "IMAP, which needs STARTTLS first",
		"GET /": "plain HTTP", "POST ": "plain HTTP", "HEAD ": "plain HTTP"}
	head := string(e.RecordHeader[:])
	for prefix, name := range what {
		if strings.HasPrefix(head, prefix) {
			return "it speaks " + name
		}
	}
	if p.server {
		return fmt.Sprintf("is it a TLS server? Its answer begins with %q (%s)", head, e.Msg)
	}
	return fmt.Sprintf("its first bytes are %q (%s)", head, e.Msg)
}
