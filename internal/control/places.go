package control

import (
	"net"
	"sync"
)

// Bounds of connections to the control socket. Who is one too many is closed without an answer.
const (
	// adminsMax is how many connections administrators may have, usersMax other users together, userMax one of them.
	adminsMax = 64
	usersMax  = 64
	userMax   = 8
)

// door is the socket with its bounds.
type door struct {
	net.Listener
	server *Server

	mu            sync.Mutex
	admins, users int
	byUser        map[int]int
}

// Accept gives the next connection for which there is a place.
func (d *door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		who, err := d.server.access.identify(c)
		if err == nil && d.enter(who) {
			return &visitor{Conn: c, who: who, leave: sync.OnceFunc(func() { d.leave(who) })}, nil
		}
		_ = c.Close() // a line in the log for each would be a weapon
	}
}

func (d *door) enter(who caller) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if who.admin {
		if d.admins >= adminsMax {
			return false
		}
		d.admins++
		return true
	}
	if d.users >= usersMax || d.byUser[who.uid] >= userMax {
		return false
	}
	if d.byUser == nil {
		d.byUser = map[int]int{}
	}
	d.users++
	d.byUser[who.uid]++
	return true
}

func (d *door) leave(who caller) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if who.admin {
		d.admins--
		return
	}
	d.users--
	if d.byUser[who.uid]--; d.byUser[who.uid] == 0 {
		delete(d.byUser, who.uid)
	}
}

// visitor is a connection that has a place.
type visitor struct {
	net.Conn
	who   caller
	leave func()
}

// Close gives the place back.
func (v *visitor) Close() error {
	defer v.leave()
	return v.Conn.Close()
}
