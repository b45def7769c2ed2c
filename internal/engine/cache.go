package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"hash"
	"net/netip"
	"slices"
	"time"

	"github.com/securesocketapi/ssa/internal/lru"
	"github.com/securesocketapi/ssa/internal/policy"
)

// lifetime is how long a session of these settings lives.
func lifetime(s policy.Settings) time.Duration { return time.Duration(s.SessionTTL) * time.Second }

// A session is one that a client may resume.
type session struct {
	state *tls.ClientSessionState
	// since is when its full handshake was.
	since time.Time
}

// sessions are those of all clients, oldest use dropped first. What the memory has not may be in the store.
type sessions struct {
	memory *lru.Map[[sha256.Size]byte, session]
	store  Store
}

func newSessions(max int, store Store) *sessions {
	if store == nil {
		store = nowhere{}
	}
	return &sessions{lru.New[[sha256.Size]byte, session](max), store}
}

func (s *sessions) get(key [sha256.Size]byte) (session, bool) {
	if have, ok := s.memory.Get(key); ok {
		return have, true
	}
	secret, ok := s.store.Get(key)
	if !ok {
		return session{}, false
	}
	kept, err := decodeSession(secret)
	if err != nil {
		s.store.Remove(key) // of another version of the engine
		return session{}, false
	}
	s.memory.Put(key, kept)
	return kept, true
}

func (s *sessions) put(key [sha256.Size]byte, one session, until time.Time) {
	s.memory.Put(key, one)
	if _, none := s.store.(nowhere); none {
		return
	}
	if secret, err := one.encode(); err == nil {
		s.store.Put(key, until, secret)
	}
}

func (s *sessions) remove(key [sha256.Size]byte) {
	s.memory.Remove(key)
	s.store.Remove(key)
}

// sessionKey is a digest of everything two connections must have in common to share a session.
func (c ClientConfig) sessionKey() [sha256.Size]byte {
	d := digest{sha256.New()}
	d.text("client", c.App, c.Name)
	d.number(uint64(c.Remote.Port()), uint64(c.Settings.VersionMin), uint64(c.Settings.VersionMax))
	if _, err := netip.ParseAddr(c.Name); err == nil {
		// The same literal may be another machine behind another zone.
		d.text(c.Remote.Addr().String())
	}
	d.Write(c.Trust[:])
	d.texts(c.ALPN)
	d.texts(slices.Sorted(slices.Values(c.Settings.Ciphers)))
	d.texts(slices.Sorted(slices.Values(c.Settings.Groups)))
	d.credentials(c.Credentials)
	return d.sum()
}

// digest hashes fields so that no two lists of fields look the same.
type digest struct{ hash.Hash }

func (d digest) number(ns ...uint64) {
	for _, n := range ns {
		d.Write(binary.BigEndian.AppendUint64(nil, n))
	}
}

func (d digest) text(ss ...string) {
	for _, s := range ss {
		d.number(uint64(len(s)))
		d.Write([]byte(s))
	}
}

func (d digest) texts(ss []string) {
	d.number(uint64(len(ss)))
	d.text(ss...)
}

func (d digest) credentials(cs []Credential) {
	d.number(uint64(len(cs)))
	for _, c := range cs {
		d.text(string(c.Chain[0].Raw))
	}
}

func (d digest) sum() (out [sha256.Size]byte) {
	d.Sum(out[:0])
	return out
}

// clientCache is the sessions as one connection sees them: one key, one life. crypto/tls asks it once when the
// handshake begins and gives it sessions during the handshake (TLS 1.2) or after it (TLS 1.3). Its own key is the
// bare host name, which is not enough to tell sessions apart.
type clientCache struct {
	sessions *sessions
	key      [sha256.Size]byte
	now      func() time.Time
	ttl      time.Duration
	reuse    bool
	// offered is the session the handshake tried to resume, resumed whether it did.
	offered *session
	resumed bool
}

// Get implements tls.ClientSessionCache.
func (c *clientCache) Get(string) (*tls.ClientSessionState, bool) {
	if !c.reuse {
		return nil, false
	}
	s, ok := c.sessions.get(c.key)
	if !ok {
		return nil, false
	}
	if age := c.now().Sub(s.since); age < 0 || age >= c.ttl {
		c.sessions.remove(c.key)
		return nil, false
	}
	c.offered = &s
	return s.state, true
}

// Put implements tls.ClientSessionCache. A nil state removes.
func (c *clientCache) Put(_ string, state *tls.ClientSessionState) {
	if state == nil {
		c.sessions.remove(c.key)
		return
	}
	since := c.since()
	c.sessions.put(c.key, session{state: state, since: since}, since.Add(c.ttl))
}

// since is the time of the full handshake behind a new session: one that continues another keeps its age, or
// sessions would live for ever.
func (c *clientCache) since() time.Time {
	if c.resumed && c.offered != nil {
		return c.offered.since
	}
	return c.now()
}

// fail forgets a session whose resumption ended in failure: the next attempt is a full handshake.
func (c *clientCache) fail() {
	if c.offered != nil {
		c.sessions.remove(c.key)
	}
}
