package revocation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/fetch"
)

// ask is a fetch that can answer a question.
type ask struct {
	kind    Kind
	url     string
	subject subject
}

// id is that of the record that comes of it.
func (a ask) id() id {
	if a.kind == CRL {
		return a.subject.listID(a.url)
	}
	return a.subject.responseID()
}

// attempt tells fetches apart: each responder can fail on its own.
func (a ask) attempt() id {
	if a.kind == CRL {
		return a.id()
	}
	return issuerID(a.kind, a.subject.issuer, append(a.subject.cert.SerialNumber.Bytes(), a.url...))
}

// flight is a fetch under way; done is closed at its end.
type flight struct {
	done   chan struct{}
	record *record
	err    error
}

// errEnded is the end of the judge.
var errEnded = errors.New("the judge has ended")

// fetch waits for an answer until ctx is done. The fetch itself goes on, for the next question. What has just been
// fetched, or has just failed, is not fetched again: it would say the same.
func (j *Judge) fetch(ctx context.Context, a ask, now time.Time) (*record, error) {
	if r := j.store.find(a.id(), now); r != nil && r.fresh(now, j.c.Age) == nil && (a.kind == CRL || now.Sub(r.fetched) < retryTime) {
		return r, nil
	}
	if err := j.failed.recent(a.attempt(), now); err != nil {
		return nil, err
	}
	f, err := j.launch(a)
	if err != nil {
		return nil, err
	}
	return f.wait(ctx)
}

func (f *flight) wait(ctx context.Context) (*record, error) {
	select {
	case <-f.done:
		return f.record, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("no answer yet: %w", context.Cause(ctx))
	}
}

// launch begins the fetch, or joins the one that is under way.
func (j *Judge) launch(a ask) (*flight, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil, errEnded
	}
	key := a.attempt()
	if f := j.flights[key]; f != nil {
		return f, nil
	}
	f := &flight{done: make(chan struct{})}
	j.flights[key] = f
	j.fetching.Go(func() {
		defer close(f.done)
		f.record, f.err = j.fly(a)
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.flights, key)
	})
	return f, nil
}

// fly fetches, checks and keeps.
func (j *Judge) fly(a ask) (*record, error) {
	r, err := a.get(j.ended, j.c.Fetch, j.c.Now())
	now := j.c.Now()
	if err == nil {
		r.url, r.fetched = a.url, now
		err = r.fresh(now, j.c.Age)
	}
	if err != nil {
		if !errors.Is(err, fetch.ErrBusy) && j.ended.Err() == nil {
			j.failed.add(a, err, now)
		}
		return nil, err
	}
	j.keepFresh()
	older, taken := j.store.keep(r)
	if !taken {
		return older, nil
	}
	if r.condemns(older) {
		j.c.Logger.Warn("a source of revocations says revoked", "kind", a.kind.String(), "url", a.url, "certificate", a.subject.String())
		j.condemn()
	}
	return r, nil
}

// get fetches and checks.
func (a ask) get(ctx context.Context, get func(context.Context, fetch.Request) ([]byte, error), now time.Time) (*record, error) {
	if a.kind == CRL {
		der, err := get(ctx, fetch.Request{URL: a.url, Accept: "application/pkix-crl", Max: listMax})
		if err != nil {
			return nil, err
		}
		r, err := readList(der, a.subject.issuer)
		if err == nil && !r.list.at(a.url) {
			err = errors.New("the list is for another distribution point")
		}
		return r, err
	}
	question, err := request(a.subject)
	if err != nil {
		return nil, err
	}
	der, err := get(ctx, fetch.Request{
		URL: a.url, Body: question, Type: "application/ocsp-request", Accept: "application/ocsp-response", Max: responseMax,
	})
	if err != nil {
		return nil, err
	}
	return readResponse(der, a.subject, now)
}

// failures remembers which fetches failed, so that no question waits for a source that was dead a moment ago.
type failures struct {
	mu  sync.Mutex
	all map[id]failure
}

type failure struct {
	ask ask
	err error
	at  time.Time
}

// retryTime is how long a failure is remembered, failuresMax how many are.
const (
	retryTime   = time.Minute
	failuresMax = 4096
)

func newFailures() *failures { return &failures{all: map[id]failure{}} }

func (f *failures) recent(i id, now time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if was, ok := f.all[i]; ok && now.Sub(was.at) < retryTime {
		return fmt.Errorf("%w (at %s)", was.err, day(was.at))
	}
	return nil
}

func (f *failures) add(a ask, err error, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.all) >= failuresMax {
		clear(f.all)
	}
	f.all[a.attempt()] = failure{a, err, now}
}

func (f *failures) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.all)
}

// list is those that are remembered, in an order that does not change.
func (f *failures) list(now time.Time) []failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := slices.Collect(maps.Values(f.all))
	all = slices.DeleteFunc(all, func(x failure) bool { return now.Sub(x.at) >= retryTime })
	slices.SortFunc(all, func(a, b failure) int { return a.at.Compare(b.at) })
	return all
}
