package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// attempt is the search for a service that answers; all who wait for one share it.
type attempt struct {
	done    chan struct{}
	session *session
	err     error

	mu      sync.Mutex
	failure error
}

func (a *attempt) note(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failure = err
}

// last is why the newest try did not succeed.
func (a *attempt) last() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failure == nil {
		return errors.New("nobody answers")
	}
	return a.failure
}

// redial begins to look for the service unless that is under way. c.mu is held.
func (c *Client) redial() *attempt {
	if c.dialing == nil {
		a := &attempt{done: make(chan struct{})}
		c.dialing = a
		c.work.Go(func() { c.look(a) })
	}
	return c.dialing
}

// Pauses between tries.
const (
	pauseMin = 10 * time.Millisecond
	pauseMax = 500 * time.Millisecond
)

// look tries until the service answers. Without listeners, which need it without being asked, it gives up in time.
func (c *Client) look(a *attempt) {
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	end := time.Now().Add(c.c.Wait)
	for pause := pauseMin; ; pause = min(2*pause, pauseMax) {
		s, err := c.open(ctx)
		if err == nil {
			c.found(a, s)
			return
		}
		a.note(err)
		if c.hopeless(end) || !rest(ctx, pause) {
			c.settle(a, nil)
			return
		}
	}
}

func (c *Client) hopeless(end time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed || len(c.listeners) == 0 && time.Now().After(end)
}

func rest(ctx context.Context, pause time.Duration) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// found makes a new link current and has the listeners served over it.
func (c *Client) found(a *attempt, s *session) {
	c.log.Info("the TLS service answers again")
	for _, l := range c.settle(a, s) {
		c.work.Go(func() { l.resume(s) })
	}
}

func (c *Client) settle(a *attempt, s *session) []*Listener {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dialing, c.current = nil, s
	a.session = s
	if s == nil {
		a.err = c.unavailable(a.last())
	} else if s.over() {
		c.current = nil // it has broken already, which nobody noticed
	}
	close(a.done)
	list := make([]*Listener, 0, len(c.listeners))
	for l := range c.listeners {
		list = append(list, l)
	}
	return list
}

func (s *session) over() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended || s.draining
}

// lost forgets a link that has ended.
func (c *Client) lost(s *session, err error) {
	c.mu.Lock()
	delete(c.sessions, s)
	was := c.current == s
	if was {
		c.current = nil
	}
	if !c.closed && was && len(c.listeners) > 0 {
		c.redial()
	}
	closed := c.closed
	c.mu.Unlock()
	if !closed && was {
		if errors.Is(err, io.EOF) || errors.Is(err, linux.ECONNRESET) {
			err = nil
		}
		c.log.Warn("the TLS service has ended", "cause", err)
	}
}

// successor leaves a link whose service hands over.
func (c *Client) successor(s *session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == s {
		c.current = nil
	}
	if !c.closed && len(c.listeners) > 0 && c.current == nil {
		c.redial()
	}
}

// answerTime bounds how long a service may take to greet: it may just be starting.
const answerTime = 5 * time.Second

// open makes a link to the service and greets it.
func (c *Client) open(ctx context.Context) (*session, error) {
	fd, err := linux.DialSeqpacket(c.c.Path)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.c.Path, err)
	}
	l, err := newLink(fd)
	if err != nil {
		return nil, err
	}
	wrapping, err := greeting(ctx, l)
	if err != nil {
		l.close()
		return nil, err
	}
	s := newSession(c, l)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrapping = wrapping
	if c.closed {
		l.close()
		return nil, errSessionEnded
	}
	c.sessions[s] = struct{}{}
	c.work.Go(s.run)
	return s, nil
}

// greeting says hello and waits for the answer, which says whether the policy wraps.
func greeting(ctx context.Context, l *link) (wrapping bool, err error) {
	if err := l.f.SetDeadline(time.Now().Add(answerTime)); err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, func() { _ = l.f.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if err := l.send(message{kind: hello, payload: versionPayload()}); err != nil {
		return false, err
	}
	m, err := l.next()
	if errors.Is(err, io.EOF) {
		return false, errors.New("it closed the connection without a word: it is ending, or at its limit of supervisors")
	}
	if err != nil {
		return false, err
	}
	defer m.close()
	if m.kind != welcome {
		return false, fmt.Errorf("it begins with %v", m.kind)
	}
	theirs, wrapping, err := decodeWelcome(m)
	if err != nil {
		return false, err
	}
	if theirs != Version {
		return false, fmt.Errorf(versionText, theirs, Version)
	}
	if !stop() {
		return false, context.Cause(ctx)
	}
	return wrapping, l.f.SetDeadline(time.Time{})
}
