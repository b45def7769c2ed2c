package service

import (
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/socket"
)

// serving is what new connections of a listener meet.
type serving struct {
	server *engine.Server
	asked  admitted
	// stamps are those of the files it was made of, together.
	stamps string
	// refused is why there are to be no new connections: the policy has changed.
	refused error
}

// serving makes it of what was asked for.
func (s *Service) serving(l socket.Listen) (*serving, error) {
	a, server, err := s.server(l)
	if err != nil {
		return nil, err
	}
	n := &serving{server: server, asked: a, stamps: s.stamps(a)}
	if n.stamps != "" {
		s.watching.Do(func() { go s.watch() })
	}
	return n, nil
}

// stamps are those of the certificates and keys by path, empty without any.
func (s *Service) stamps(a admitted) (all string) {
	for _, from := range s.sources(a) {
		one, err := s.files.stamp(from)
		if err != nil {
			one = err.Error()
		}
		all += one + "\n"
	}
	return all
}

// sources are the files that the own certificates are read from.
func (s *Service) sources(a admitted) (list []source) {
	for _, c := range a.question.request.Credentials {
		if from := sourceOf(c); len(from.paths()) > 0 {
			list = append(list, from)
		}
	}
	if len(a.question.request.Credentials) > 0 {
		return list
	}
	for _, from := range a.settings.Certificates {
		list = append(list, sourceIn(from))
	}
	return list
}

// watchPause is how often files of listeners are looked at.
const watchPause = 2 * time.Second

// watch has listeners serve new certificates when their files change, until the service ends.
func (s *Service) watch() {
	tick := time.NewTicker(watchPause)
	defer tick.Stop()
	for {
		select {
		case <-s.ending.Done():
			return
		case <-tick.C:
			s.Renew()
		}
	}
}

// Renew has listeners serve what their files hold now. Connections that are established, or whose handshake has begun,
// go on.
func (s *Service) Renew() {
	for _, l := range s.all() {
		now := l.current.Load()
		if now.stamps != "" && now.refused == nil && s.stamps(now.asked) != now.stamps {
			s.log.Info("certificates or keys have changed", "local", l.spec.Local)
			s.renewed(l, l.refresh())
		}
	}
}

// Refresh has listeners obey the policy in force now. One that it forbids accepts no new connections any more, until a
// later policy allows it again. The result is how many these are.
func (s *Service) Refresh() (refused int) {
	s.stores.renew()
	for _, l := range s.all() {
		if l.refresh() != nil {
			refused++
		}
	}
	return refused
}

func (l *listener) refresh() error {
	fresh, err := l.service.serving(l.spec)
	if err != nil {
		old := l.current.Load()
		fresh = &serving{server: old.server, asked: old.asked, stamps: old.stamps, refused: err}
		l.service.log.Error("a listener is not served any more", "local", l.spec.Local, "exe", l.spec.App.Exe, "error", err)
	}
	l.current.Store(fresh)
	return err
}

func (s *Service) all() []*listener {
	s.mu.Lock()
	defer s.mu.Unlock()
	return keysOf(s.listeners)
}
