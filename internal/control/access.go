package control

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"slices"
	"strconv"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/linux"
)

// caller is who asks, as the kernel says: whoever connected the socket.
type caller struct {
	uid int
	// admin may ask for everything.
	admin bool
}

// may says whether the caller may learn of a program of a user.
func (c caller) may(uid int) bool { return c.admin || c.uid == uid }

// access finds out who asks.
type access struct {
	group func() int
	own   bool
}

// errNotUnix is a socket that says nothing of its peer.
var errNotUnix = errors.New("the control socket is no AF_UNIX socket")

func (a access) identify(c net.Conn) (who caller, err error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return caller{}, errNotUnix
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return caller{}, err
	}
	cerr := raw.Control(func(fd uintptr) { who, err = a.ask(linux.FD(fd)) })
	return who, errors.Join(cerr, err)
}

func (a access) ask(fd linux.FD) (caller, error) {
	cred, err := linux.PeerCredentials(fd)
	if err != nil {
		return caller{}, err
	}
	who := caller{uid: cred.UID, admin: cred.UID == 0 || a.own && cred.UID == os.Geteuid()}
	if who.admin {
		return who, nil
	}
	group := a.group()
	if group < 0 {
		return who, nil
	}
	groups, err := linux.PeerGroups(fd)
	if err != nil {
		groups = nil // an older kernel: the primary group counts
	}
	who.admin = cred.GID == group || slices.Contains(groups, group)
	return who, nil
}

// adminGroup is the number of the group whose members are administrators, -1 when there is none.
func adminGroup() int {
	g, err := user.LookupGroup(api.AdminGroup)
	if err != nil {
		return -1
	}
	n, err := strconv.Atoi(g.Gid)
	if err != nil {
		return -1
	}
	return n
}

type callerKey struct{}

// withCaller gives requests of a connection their caller.
func withCaller(ctx context.Context, c net.Conn) context.Context {
	v, ok := c.(*visitor)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, v.who)
}

func callerOf(ctx context.Context) (caller, bool) {
	who, ok := ctx.Value(callerKey{}).(caller)
	return who, ok
}
