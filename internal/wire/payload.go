package wire

import (
	"bytes"
	"net/netip"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/socket"
)

// A credential is who a program is, as the service has established it, and the proof that it has.
type credential struct {
	app   socket.App
	proof [proofSize]byte
}

func (e *encoder) app(a socket.App) {
	e.int(a.PID)
	e.int(a.UID)
	for _, s := range []string{a.Exe, a.Unit, a.Container, a.Script} {
		e.string(s)
	}
}

func (d *decoder) app() socket.App {
	return socket.App{
		PID: d.int(0, 1<<31-1), UID: d.int(0, 1<<32-1),
		Exe: d.string(pathMax), Unit: d.string(pathMax), Container: d.string(pathMax), Script: d.string(pathMax),
	}
}

func (e *encoder) credential(c credential) {
	e.app(c.app)
	e.b = append(e.b, c.proof[:]...)
}

func (d *decoder) credential() credential {
	c := credential{app: d.app()}
	copy(c.proof[:], d.take(proofSize))
	return c
}

// A request travels without its private keys. In their place are their sizes, -1 for none; the keys follow each other in
// a memory file of their own, which the process that receives it need not read.
func (e *encoder) request(r abi.Request) {
	e.u64(r.ID)
	e.string(r.RemoteHostname)
	e.strings(r.Hostnames)
	e.optional(r.TrustAnchors)
	e.u32(uint32(len(r.Credentials)))
	for _, c := range r.Credentials {
		e.optional(withoutKeys(c.Chain))
		e.int(keySize(c))
		e.string(c.ChainPath)
		e.string(c.KeyPath)
	}
	e.strings(r.ALPN)
	e.optionalInt(r.SessionTTL)
	e.optionalBool(r.SessionReuse)
	e.u16(uint16(r.Checks))
	e.u16(uint16(r.Unchecked))
	e.strings(r.DisabledCiphers)
	e.strings(r.TrustedCiphers)
	e.optionalInt(r.PeerAuth)
	e.u16(r.VersionMin)
	e.u16(r.VersionMax)
	e.strings(r.Unserved)
}

func keySize(c abi.Credential) int {
	if c.Key == nil {
		return -1
	}
	return len(c.Key)
}

// request also gives the sizes of the private keys.
func (d *decoder) request() (r abi.Request, sizes []int) {
	r.ID = d.u64()
	r.RemoteHostname = d.string(nameMax)
	r.Hostnames = d.strings(namesMax, nameMax)
	r.TrustAnchors = d.optional(abi.ValueMax)
	for range d.length(abi.CredentialsMax) {
		if d.err != nil {
			break
		}
		chain, size := d.optional(abi.ValueMax), d.int(-1, abi.ValueMax)
		r.Credentials = append(r.Credentials, abi.Credential{Chain: chain, ChainPath: d.string(pathMax), KeyPath: d.string(pathMax)})
		sizes = append(sizes, size)
		if !bytes.Equal(withoutKeys(chain), chain) {
			d.fail("a private key among the certificates")
		}
	}
	r.ALPN = d.strings(abi.ALPNMax, nameMax)
	r.SessionTTL = d.optionalInt(-1<<31, 1<<31-1)
	r.SessionReuse = d.optionalBool()
	r.Checks, r.Unchecked = abi.Checks(d.u16()), abi.Checks(d.u16())
	r.DisabledCiphers = d.strings(ciphersMax, abi.ValueMax)
	r.TrustedCiphers = d.strings(ciphersMax, abi.ValueMax)
	r.PeerAuth = d.optionalInt(-1<<31, 1<<31-1)
	r.VersionMin, r.VersionMax = d.u16(), d.u16()
	r.Unserved = d.strings(socket.UnservedMax, nameMax)
	return r, sizes
}

func (e *encoder) effective(v socket.Effective) {
	e.u16(v.VersionMin)
	e.u16(v.VersionMax)
	e.strings(v.Ciphers)
	e.int(v.SessionTTL)
	e.bool(v.SessionReuse)
	e.u16(uint16(v.Checks))
	e.optional(v.Chain)
	e.string(v.Coerce)
	e.u32(uint32(len(v.Wrap)))
	for _, w := range v.Wrap {
		e.string(w.Host)
		e.u16(w.Port)
	}
	e.u32(uint32(len(v.WrapListen)))
	for _, port := range v.WrapListen {
		e.u16(port)
	}
}

func (d *decoder) effective() socket.Effective {
	v := socket.Effective{
		VersionMin: d.u16(), VersionMax: d.u16(), Ciphers: d.strings(ciphersMax, nameMax),
		SessionTTL: d.int(-1<<31, 1<<31-1), SessionReuse: d.bool(), Checks: abi.Checks(d.u16()), Chain: d.optional(2 * abi.ValueMax),
		Coerce: d.string(nameMax),
	}
	for range d.length(wrapsMax) {
		if d.err != nil {
			break
		}
		v.Wrap = append(v.Wrap, socket.Wrap{Host: d.string(nameMax), Port: d.u16()})
	}
	for range d.length(wrapsMax) {
		if d.err != nil {
			break
		}
		v.WrapListen = append(v.WrapListen, d.u16())
	}
	return v
}

func (e *encoder) info(i *socket.Info) {
	e.u64(i.ID)
	e.u16(i.Version)
	for _, s := range []string{i.Cipher, i.ALPN, i.ServerName} {
		e.string(s)
	}
	e.bool(i.Resumed)
	e.peer(i.Peer)
	e.addr(i.Local)
	e.addr(i.Remote)
}

func (d *decoder) info() *socket.Info {
	return &socket.Info{
		ID: d.u64(), Version: d.u16(), Cipher: d.string(nameMax), ALPN: d.string(nameMax), ServerName: d.string(nameMax),
		Resumed: d.bool(), Peer: d.peer(), Local: d.addr(), Remote: d.addr(),
	}
}

// peer is the subject, and the chain where there is one.
func (e *encoder) peer(p socket.Peer) {
	e.string(p.Identity())
	e.bool(p != socket.Peer{})
	if p != (socket.Peer{}) {
		e.string(p.Chain())
	}
}

func (d *decoder) peer() socket.Peer {
	identity, chain := d.string(1<<20), d.optional(4<<20)
	if chain == nil {
		return socket.Peer{}
	}
	return socket.NewPeer(identity, chain)
}

// A dialMessage is what connect says.
type dialMessage struct {
	who     credential
	request abi.Request
	sizes   []int
	server  bool
	remote  netip.AddrPort
	tlsID   uint64
}

func (m dialMessage) encode(e *encoder) {
	e.credential(m.who)
	e.request(m.request)
	e.bool(m.server)
	e.addr(m.remote)
	e.u64(m.tlsID)
}

func decodeDial(b []byte) (m dialMessage, err error) {
	d := decoder{rest: b}
	m.who = d.credential()
	m.request, m.sizes = d.request()
	m.server, m.remote, m.tlsID = d.bool(), d.addr(), d.u64()
	return m, d.finish()
}

// A listenMessage is what listen says.
type listenMessage struct {
	who     credential
	request abi.Request
	sizes   []int
	local   netip.AddrPort
	backlog int
}

func (m listenMessage) encode(e *encoder) {
	e.credential(m.who)
	e.request(m.request)
	e.addr(m.local)
	e.int(m.backlog)
}

func decodeListen(b []byte) (m listenMessage, err error) {
	d := decoder{rest: b}
	m.who = d.credential()
	m.request, m.sizes = d.request()
	m.local, m.backlog = d.addr(), d.int(-backlogMax, backlogMax)
	return m, d.finish()
}

// An admitMessage is what admit says.
type admitMessage struct {
	who     credential
	request abi.Request
	sizes   []int
}

func (m admitMessage) encode(e *encoder) {
	e.credential(m.who)
	e.request(m.request)
}

func decodeAdmit(b []byte) (m admitMessage, err error) {
	d := decoder{rest: b}
	m.who = d.credential()
	m.request, m.sizes = d.request()
	return m, d.finish()
}

// An acceptedMessage is what accepted says.
type acceptedMessage struct {
	listener uint64
	info     *socket.Info
}

func (m acceptedMessage) encode(e *encoder) {
	e.u64(m.listener)
	e.info(m.info)
}

func decodeAccepted(b []byte) (m acceptedMessage, err error) {
	d := decoder{rest: b}
	m.listener, m.info = d.u64(), d.info()
	return m, d.finish()
}
