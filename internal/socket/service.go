package socket

import (
	"context"
	"net/netip"
	"os"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Service is the TLS service as the supervisor sees it: embedded, or behind a Unix socket. Its errors are
// *abi.Failure where the program is to learn the class.
type Service interface {
	// Admit says what would be in force for a request, or why it is refused. It is asked each time an
	// option changes, so that a program learns of a mistake from the call that made it.
	Admit(ctx context.Context, app App, r abi.Request) (Effective, error)
	// Connect does the handshake on a connected TCP socket: the client's, or the server's where the Dial says so. It
	// owns network from the call on.
	Connect(ctx context.Context, d Dial) (Conn, error)
	// Listen accepts and does the server's handshakes on a listening TCP socket. It owns network from the
	// call on. At most backlog connections wait for Accept.
	Listen(ctx context.Context, l Listen) (Listener, error)
}

// Introducer is a Service in another process, which is to see a program while that makes a socket: the process may have
// ended when the socket is used. Introduce does not wait.
type Introducer interface{ Introduce(app App) }

// App is who asks, established from the kernel by whoever fills it in, never from the program's words.
type App struct {
	PID int
	UID int
	// Exe is the path of the executable: the name of the application.
	Exe string
	// Unit is the systemd unit and Container the container it runs in, from its control group; empty when
	// there is none.
	Unit, Container string
	// Script is the script an interpreter runs. It comes from the command line, which the program can write:
	// it is advice, not identity.
	Script string
}

// Effective is what is in force for a socket: the policy narrowed by the program's request.
type Effective struct {
	VersionMin, VersionMax uint16
	// Ciphers are IANA names in the order of preference.
	Ciphers []string
	// SessionTTL is in seconds, 0 when resumption is off.
	SessionTTL   int
	SessionReuse bool
	// Checks are those of certificates that are on.
	Checks abi.Checks
	// Chain is the PEM of the first credential's certificates, or of those the policy has for a listener without
	// any; nil when there is none.
	Chain []byte
	// Wrap are the destinations of the program's plain connections that become TLS, WrapListen the ports of its plain
	// listeners.
	Wrap       []Wrap
	WrapListen []uint16
	// Coerce is whether the program's own TLS is brought under the policy: no, yes or best-effort.
	Coerce string
}

// Dial is one connection to make of a connected TCP socket.
type Dial struct {
	App     App
	Request abi.Request
	// Server is whether the handshake is the server's. Request then has the certificates.
	Server bool
	// Network is the connected TCP socket, non-blocking.
	Network *os.File
	// Remote is where it is connected to. Its address is verified when the request names no host.
	Remote netip.AddrPort
	// ID is the connection's TLS_ID.
	ID uint64
}

// Listen is one listener to serve.
type Listen struct {
	App     App
	Request abi.Request
	// Network is the listening TCP socket, non-blocking.
	Network *os.File
	Local   netip.AddrPort
	Backlog int
}

// Conn is one TLS connection whose handshake succeeded. Nothing is relayed before Start.
type Conn interface {
	// Info is shared by all who ask, and does not change.
	Info() *Info
	// Start hands over the plaintext end and begins to relay. The Conn owns plain from the call on. The first
	// filler bytes in it are not the program's: all but the last are discarded at once, the last is kept
	// unread as long as the connection lives, so that a service that dies reads as ECONNRESET, not as EOF.
	Start(plain linux.FD, filler int)
	// Err is why the connection ended, nil while it lives or when it ended cleanly. *abi.Failure.
	Err() error
	// AfterEnd has fn called when the relay has ended and both descriptors are closed, at once when that was before. It
	// may be called from wherever the end is noticed, and so must not wait. No goroutine waits for the end meanwhile.
	AfterEnd(fn func())
	// Abort ends the connection at once; for one that was never started it closes the network.
	Abort()
	// Control runs fn on the network socket, for the options the program sets on it. After the end of the
	// connection it returns an error.
	Control(fn func(linux.FD) error) error
}

// Listener yields finished TLS connections.
type Listener interface {
	// Accept waits for the next one. After Close it returns an error.
	Accept(ctx context.Context) (Conn, error)
	// Close stops listening and frees the port at once. Connections already accepted go on.
	Close() error
}

// Info is what a handshake established.
type Info struct {
	ID      uint64
	Version uint16
	// Cipher is the IANA name.
	Cipher string
	ALPN   string
	// ServerName is the name the client sent, or the name the client verified.
	ServerName string
	Resumed    bool
	Peer       Peer
	// Local and Remote are the addresses of the TCP connection.
	Local, Remote netip.AddrPort
}
