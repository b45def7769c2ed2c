package wire

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
)

// Version is the version of the protocol. Both sides must have the same.
const Version = 4

// SocketPath is where the TLS service listens.
const SocketPath = "/run/ssa/service.sock"

// kind says what a message is. Its comment names what comes with it: fields, then descriptors.
type kind uint8

const (
	// From the supervisor. hello: version.
	hello kind = iota + 1
	// identify: nothing; a pidfd of the program.
	identify
	// admit: credential and request; perhaps a memory file with the private keys.
	admit
	// connect: credential, request, whether as the server, address and TLS_ID; the TCP socket, perhaps private keys.
	connect
	// listen: credential, request, address and backlog; the TCP socket, perhaps private keys.
	listen
	// cancel: nothing. The number is that of a call whose result nobody waits for.
	cancel
	// grant: how many more connections of a listener may come. The number is the listener's.
	grant
	// unlisten: nothing. It is a call; the number is the listener's. Its result is closed.
	unlisten
	// start: filler; the plaintext end. The number is the connection's.
	start
	// abort: nothing. The number is the connection's.
	abort
	// why: a connection's number.
	why
	// resend: nothing. The descriptors that came with accepted, for the connection with the number, were lost.
	resend

	// From the service. welcome: version, and whether the policy wraps plain connections.
	welcome
	// failed: failure. It ends the call with the number.
	failed
	// identified: credential.
	identified
	// admitted: effective.
	admitted
	// connected: info. From now on the number is that of the connection.
	connected
	// listening: nothing. From now on the number is that of the listener.
	listening
	// closed: nothing. The listener with the number has closed its socket.
	closed
	// accepted: the listener's number and info; a duplicate of the TCP socket. The number is that of the connection.
	accepted
	// because: failure or none. It ends the call with the number.
	because
	// ended: failure. The listener with the number will yield no more.
	ended
	// done: failure or none. The connection with the number has ended.
	done
	// draining: nothing. This service takes no listeners any more; its successor does.
	draining

	kinds
)

// String names a kind for logs.
func (k kind) String() string {
	names := [...]string{
		"nothing", "hello", "identify", "admit", "connect", "listen", "cancel", "grant", "unlisten", "start", "abort", "why", "resend",
		"welcome", "failed", "identified", "admitted", "connected", "listening", "closed", "accepted", "because", "ended", "done", "draining",
	}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("message %d", uint8(k))
}

// Bounds of a message, in bytes.
const (
	// headerSize is kind, flags, number of descriptors, a zero, number, and the size of the payload.
	headerSize = 1 + 1 + 1 + 1 + 8 + 4
	// inlineMax bounds a payload that is in the packet itself. A larger one is in a memory file.
	inlineMax = 16 << 10
	// packetMax bounds a packet.
	packetMax = headerSize + inlineMax
	// payloadMax bounds a payload: chains and trust anchors in PEM, cipher suites as the program wrote them, and the other
	// lists of a request. No request has more.
	payloadMax = (abi.CredentialsMax+1+ciphersMax+1)*abi.ValueMax + 1<<20
	// keysMax bounds the private keys of a request.
	keysMax = abi.CredentialsMax * abi.ValueMax
)

// Bounds of fields.
const (
	nameMax = 255
	// pathMax is PATH_MAX of limits.h.
	pathMax     = 4096
	textMax     = 4096
	namesMax    = 256
	wrapsMax    = 256
	ciphersMax  = 128
	fillerMax   = 1 << 20
	backlogMax  = 1 << 16
	grantMax    = 1 << 16
	versionText = "the TLS service speaks version %d of the protocol, this program version %d; they are of different releases"
)

// flagBody says that the payload is in a memory file, the first descriptor.
const flagBody = 1

// header begins a packet.
type header struct {
	kind kind
	body bool
	fds  int
	id   uint64
	size int
}

func (h header) encode(e *encoder) {
	flags := uint8(0)
	if h.body {
		flags = flagBody
	}
	e.u8(uint8(h.kind))
	e.u8(flags)
	e.u8(uint8(h.fds))
	e.u8(0)
	e.u64(h.id)
	e.u32(uint32(h.size))
}

// parsePacket takes a packet apart. The payload is nil when it is in a memory file.
func parsePacket(b []byte) (h header, payload []byte, err error) {
	d := decoder{rest: b}
	h.kind = kind(d.u8())
	flags := d.u8()
	h.fds = int(d.u8())
	zero := d.u8()
	h.id = d.u64()
	h.size = int(d.u32())
	h.body = flags == flagBody
	inline := h.size
	if h.body {
		inline = 0
	}
	switch {
	case d.err != nil:
		return header{}, nil, d.err
	case h.kind == 0 || h.kind >= kinds, flags > flagBody, zero != 0:
		return header{}, nil, fmt.Errorf("packet begins with % x", b[:4])
	case h.body && (h.fds == 0 || h.size <= inlineMax || h.size > payloadMax):
		return header{}, nil, fmt.Errorf("%v: a memory file of %d bytes with %d descriptors", h.kind, h.size, h.fds)
	case len(d.rest) != inline:
		return header{}, nil, fmt.Errorf("%v: %d bytes of payload, its header says %d", h.kind, len(d.rest), inline)
	case h.body:
		return h, nil, nil
	}
	return h, d.rest, nil
}
