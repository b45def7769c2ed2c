package socket

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
)

// A Wrapper is a Service whose policy may say that plain connections of some programs become TLS. Which these are is in
// their Effective.
type Wrapper interface{ Wrapping() bool }

// profiles are what the policy has wrapped for programs, as they were asked for last.
type profiles struct {
	// used is whether there may be any.
	used bool

	mu    sync.Mutex
	known map[App]profiled
}

type profiled struct {
	Effective
	asked time.Time
}

// profileFresh is how long what the service says stands.
const profileFresh = time.Second

// profilesMax bounds the programs that are known.
const profilesMax = 1024

func newProfiles(s Service) *profiles {
	policy, ok := s.(Wrapper)
	return &profiles{used: ok && policy.Wrapping(), known: map[App]profiled{}}
}

// find gives what is known and not too old.
func (p *profiles) find(app App) (Effective, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, ok := p.known[app]
	return at.Effective, ok && time.Since(at.asked) < profileFresh
}

func (p *profiles) keep(app App, e Effective) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.known) >= profilesMax {
		p.known = map[App]profiled{}
	}
	p.known[app] = profiled{e, time.Now()}
}

// profile is what the policy has wrapped for a program.
func (t *Table) profile(ctx context.Context, app func() (App, error)) (Effective, error) {
	if !t.profiles.used {
		return Effective{}, nil
	}
	who, err := app()
	if err != nil {
		return Effective{}, err
	}
	if e, ok := t.profiles.find(who); ok {
		return e, nil
	}
	if i, ok := t.service.(Introducer); ok {
		i.Introduce(who)
	}
	e, err := t.service.Admit(ctx, who, abi.Request{})
	if err != nil {
		return Effective{}, fmt.Errorf("ask whether the program's connections are wrapped: %w", err)
	}
	t.profiles.keep(who, e)
	return e, nil
}
