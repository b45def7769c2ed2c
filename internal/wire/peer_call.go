package wire

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// identify establishes who a program is.
func (p *peer) identify(m *incoming) error {
	pidfd := m.fd()
	if pidfd == linux.NoFD {
		return errors.New("no pidfd came with it")
	}
	return p.begin(m, func(c *call) {
		defer pidfd.Close()
		app, err := p.server.c.Witness.Program(c.ctx, p.who, pidfd)
		if err != nil {
			p.forged(err)
			c.fail(err)
			return
		}
		e := encoder{}
		e.credential(credential{app, prove(p.server.c.ProofKey, p.who, app)})
		_ = c.reply(identified, e.b)
	}, pidfd)
}

// forged records a claim that the kernel does not confirm.
func (p *peer) forged(err error) {
	if f := (*abi.Failure)(nil); errors.As(err, &f) && f.Kind == abi.Forbidden {
		p.log.Warn("forged claim", "error", err)
		p.recordClaim(f, nil)
	}
}

// recordClaim records a claim that is refused: who makes it, and of which program, where it names one.
func (p *peer) recordClaim(why *abi.Failure, of *socket.App) {
	r := api.Record{
		Event: api.Claim, Decision: api.Refused, Program: &api.Program{PID: p.who.PID, UID: p.who.UID},
		Rule:    &api.Rule{Text: "who asks is established from the kernel"},
		Failure: &api.Failure{Class: why.Kind.String(), Text: why.Error()},
	}
	if of != nil {
		r.Text = fmt.Sprintf("claims to speak for %q, process %d of uid %d", of.Exe, of.PID, of.UID)
	}
	p.server.c.Record(r)
}

// errUnproven is a credential this service has not given to the supervisor. One that has lost its key says so with ESTALE,
// and the supervisor identifies the program again.
var errUnproven = fmt.Errorf("the TLS service does not know this program as one of the supervisor's: %w", linux.ESTALE)

// prove checks a credential.
func (p *peer) check(who credential) error {
	if who.proven(p.server.c.ProofKey, p.who) {
		return nil
	}
	err := abi.Failf(abi.Forbidden, "%w", errUnproven)
	p.log.Warn("forged claim", "error", err, "exe", who.app.Exe, "claimed", who.app.UID)
	p.recordClaim(err, &who.app)
	return err
}

// keyed puts what stands for the private keys into a request.
func (p *peer) keyed(ctx context.Context, r *abi.Request, sizes []int, file linux.FD) (release func(), err error) {
	if _, err := total(file, sizes); err != nil {
		return nil, abi.Failf(abi.Invalid, "private keys: %w", err)
	}
	if file == linux.NoFD {
		return func() {}, nil
	}
	var list [][]byte
	if p.server.c.Keys == nil {
		release = func() {}
		list, err = ReadKeys(file, sizes)
	} else {
		list, release, err = p.server.c.Keys.Load(ctx, file, sizes)
	}
	if err != nil {
		return nil, err
	}
	for i := range list {
		r.Credentials[i].Key = list[i]
	}
	return release, nil
}

// admit asks what would be in force.
func (p *peer) admit(m *incoming) error {
	b, err := m.payload()
	if err != nil {
		return p.refuse(m.id, malformed(err))
	}
	a, err := decodeAdmit(b)
	if err != nil {
		return p.refuse(m.id, malformed(err))
	}
	file := m.fd()
	return p.begin(m, func(c *call) {
		defer file.Close()
		v, err := c.admit(a, file)
		if err != nil {
			c.fail(err)
			return
		}
		e := encoder{}
		e.effective(v)
		_ = c.reply(admitted, e.b)
	}, file)
}

func (c *call) admit(a admitMessage, file linux.FD) (socket.Effective, error) {
	if err := c.peer.check(a.who); err != nil {
		return socket.Effective{}, err
	}
	release, err := c.peer.keyed(c.ctx, &a.request, a.sizes, file)
	if err != nil {
		return socket.Effective{}, err
	}
	defer release()
	return c.peer.server.c.Service.Admit(c.ctx, a.who.app, a.request)
}

// connect does the handshake of one connection.
func (p *peer) connect(m *incoming) error {
	b, err := m.payload()
	if err != nil {
		return p.refuse(m.id, malformed(err))
	}
	d, err := decodeDial(b)
	if err != nil {
		return p.refuse(m.id, malformed(err))
	}
	network, file := m.fd(), m.fd()
	if err := checkTCP(network, false); err != nil {
		closeAll([]linux.FD{network, file})
		return p.refuse(m.id, err)
	}
	return p.begin(m, func(c *call) {
		defer file.Close()
		c.connect(d, network, file)
	}, network, file)
}

func (c *call) connect(d dialMessage, network, file linux.FD) {
	p := c.peer
	f, err := network.File("tcp")
	if err != nil {
		_ = network.Close()
		c.fail(err)
		return
	}
	conn, spent, err := c.dial(d, f, file)
	if err != nil {
		c.fail(err)
		return
	}
	info := conn.Info()
	e := encoder{}
	e.info(info)
	served := &servedConn{peer: p, id: c.id, conn: conn, spent: spent}
	if err := p.adopt(served); err != nil {
		c.fail(err)
		return
	}
	if err := c.reply(connected, e.b); err != nil {
		conn.Abort()
	}
	conn.AfterEnd(served.end)
}

// dial owns network. What the connection takes of the limits is counted before the handshake.
func (c *call) dial(d dialMessage, network *os.File, file linux.FD) (conn socket.Conn, spent func(), err error) {
	p := c.peer
	owned := true
	defer func() {
		if owned {
			_ = network.Close()
		}
	}()
	if err := p.check(d.who); err != nil {
		return nil, nil, err
	}
	spent, err = p.server.ledger.take(p.who.UID, amount{conns: 1, memory: connCost})
	if err != nil {
		return nil, nil, err
	}
	release, err := p.keyed(c.ctx, &d.request, d.sizes, file)
	if err != nil {
		spent()
		return nil, nil, err
	}
	defer release()
	owned = false
	conn, err = p.server.c.Service.Connect(c.ctx, socket.Dial{
		App: d.who.app, Request: d.request, Server: d.server, Network: network, Remote: d.remote, ID: d.tlsID,
	})
	if err != nil {
		spent()
		return nil, nil, err
	}
	return conn, spent, nil
}
