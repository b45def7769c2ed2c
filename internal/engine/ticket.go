package engine

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/lru"
)

const (
	// ticketPeriod is how long one key seals tickets, ticketLife how long it opens them: as long as the longest
	// life of a session after its last one was sealed.
	ticketPeriod = 12 * time.Hour
	ticketLife   = ticketPeriod + abi.SessionTTLMax*time.Second
	// RingsMax bounds the applications that keep ticket keys. One that is pushed out loses its sessions only.
	RingsMax = 1024
)

// vault holds the ticket keys of all applications.
type vault struct {
	now   func() time.Time
	store Store
	mu    sync.Mutex
	rings *lru.Map[string, *ring]
}

func newVault(now func() time.Time, store Store) *vault {
	if store == nil {
		store = nowhere{}
	}
	return &vault{now: now, store: store, rings: lru.New[string, *ring](RingsMax)}
}

// ring is the keys of an application, found in the store or made on first use.
func (v *vault) ring(app string) *ring {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r, ok := v.rings.Get(app); ok {
		return r
	}
	r := &ring{now: v.now, store: v.store, id: ringID(app)}
	v.rings.Put(app, r)
	return r
}

// ring is ticket keys, newest first.
type ring struct {
	now   func() time.Time
	store Store
	id    [sha256.Size]byte

	mu sync.Mutex
	// known is whether the store was asked.
	known  bool
	keys   []ticketKey
	sealer *tls.Config
}

type ticketKey struct {
	bytes [32]byte
	since time.Time
}

// alive says whether a key opens tickets. One from the future, after the clock was set back, would seal for too long.
func (k ticketKey) alive(now time.Time) bool {
	age := now.Sub(k.since)
	return age > -time.Minute && age < ticketLife
}

// current is a config whose keys seal and open tickets now. It rotates them when it is time. Whoever waits while they are
// read or written, once in a ticketPeriod, has need of them.
func (r *ring) current() *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if !r.known {
		r.known = true
		if secret, ok := r.store.Get(r.id); ok {
			r.keys = slices.DeleteFunc(decodeKeys(secret), func(k ticketKey) bool { return !k.alive(now) })
		}
	}
	fresh := len(r.keys) > 0 && now.Sub(r.keys[0].since) < ticketPeriod
	if fresh && r.sealer != nil {
		return r.sealer
	}
	if !fresh {
		r.rotate(now)
	}
	bare := make([][32]byte, len(r.keys))
	for i, k := range r.keys {
		bare[i] = k.bytes
	}
	// A config of its own: connections that hold the old one go on undisturbed.
	r.sealer = &tls.Config{}
	r.sealer.SetSessionTicketKeys(bare)
	return r.sealer
}

// rotate begins a new key and forgets those that have lived; mu is held.
func (r *ring) rotate(now time.Time) {
	fresh := ticketKey{since: now}
	_, _ = rand.Read(fresh.bytes[:]) // documented never to fail
	r.keys = slices.DeleteFunc(r.keys, func(k ticketKey) bool { return !k.alive(now) })
	r.keys = append([]ticketKey{fresh}, r.keys...)
	r.store.Put(r.id, now.Add(ticketLife), encodeKeys(r.keys))
}

// tickets seals and opens the tickets of one listener.
type tickets struct {
	ring    *ring
	context [sha256.Size]byte
	now     func() time.Time
	ttl     time.Duration
}

// stampLabel marks our entry in a ticket: label, seconds since 1970 of the full handshake, context.
const stampLabel = "ssa1"

// install gives one connection's config its tickets. crypto/tls itself only knows a life of seven days and no
// context.
func (t *tickets) install(c *tls.Config) {
	var resumed time.Time
	c.WrapSession = func(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		since := t.now()
		if cs.DidResume {
			// A session that continues another keeps its age, or it would live for ever.
			since = resumed
		}
		s.Extra = append(s.Extra, t.stamp(since, cs.ServerName))
		return t.ring.current().EncryptTicket(cs, s)
	}
	c.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		s, err := t.ring.current().DecryptTicket(ticket, cs)
		if s == nil || err != nil {
			return nil, err
		}
		since, ok := t.open(s, cs.ServerName)
		if !ok {
			return nil, nil //nolint:nilnil // how crypto/tls wants to be told to do a full handshake
		}
		resumed = since
		return s, nil
	}
}

// stamp is our entry for a session begun at a time by a client that asked for a name.
func (t *tickets) stamp(since time.Time, name string) []byte {
	b := binary.BigEndian.AppendUint64([]byte(stampLabel), uint64(since.Unix()))
	d := digest{sha256.New()}
	d.Write(t.context[:])
	d.text(name)
	sum := d.sum()
	return append(b, sum[:]...)
}

// open finds our entry and says since when the session lives, if it still does and belongs here.
func (t *tickets) open(s *tls.SessionState, name string) (since time.Time, ok bool) {
	for _, e := range s.Extra {
		if len(e) < len(stampLabel)+8 || !bytes.HasPrefix(e, []byte(stampLabel)) {
			continue
		}
		since = time.Unix(int64(binary.BigEndian.Uint64(e[len(stampLabel):])), 0)
		age := t.now().Sub(since)
		return since, bytes.Equal(e, t.stamp(since, name)) && age >= 0 && age < t.ttl
	}
	return since, false
}
