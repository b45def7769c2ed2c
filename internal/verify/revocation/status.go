package revocation

import (
	"fmt"
	"time"

	"github.com/securesocketapi/ssa/api"
)

// Sources is all there is: the files, what was fetched, and what could not be fetched in the last minute.
func (j *Judge) Sources() []api.RevocationSource {
	now := j.c.Now()
	all := j.files.status(now, j.c.Age)
	for _, k := range j.store.list() {
		all = append(all, k.entry(now, j.c.Age))
	}
	for _, f := range j.failed.list(now) {
		e := api.RevocationSource{Kind: f.ask.kind.String(), Source: f.ask.url, Issuer: f.ask.subject.issuer.Subject.String(), Fetched: f.at, Problem: f.err.Error()}
		if f.ask.kind == OCSP {
			e.Serial = fmt.Sprintf("%x", f.ask.subject.cert.SerialNumber)
		}
		all = append(all, e)
	}
	return all
}

func (k kept) entry(now time.Time, age time.Duration) api.RevocationSource {
	e := k.record.entry(now, age)
	e.Fetched, e.Used = k.fetched, k.used
	return e
}

func (r *record) entry(now time.Time, age time.Duration) api.RevocationSource {
	e := api.RevocationSource{Kind: r.kind.String(), Source: r.url, Issuer: r.issuer.Subject.String(), Made: r.this, Until: r.next}
	if r.kind == OCSP {
		e.Serial, e.Says = fmt.Sprintf("%x", r.serial), r.response.about().text
	} else {
		e.Says = fmt.Sprintf("%d revoked", len(r.list.entries))
	}
	if err := r.fresh(now, age); err != nil {
		e.Problem = err.Error()
	}
	return e
}

func (f *files) status(now time.Time, age time.Duration) (all []api.RevocationSource) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, path := range f.lists {
		e := api.RevocationSource{Kind: "crl file", Source: path}
		if is := f.known[path]; is == nil || is.problem != nil {
			e.Problem = problem(is).Error()
		} else {
			is.describe(&e, now, age)
		}
		all = append(all, e)
	}
	if f.crlSet != "" {
		e := api.RevocationSource{Kind: "crlset file", Source: f.crlSet}
		if is := f.known[f.crlSet]; is == nil || is.problem != nil {
			e.Problem = problem(is).Error()
		} else {
			e.Until, e.Says = is.set.NotAfter, fmt.Sprintf("sequence %d, %d issuers", is.set.Sequence, len(is.set.serials))
		}
		all = append(all, e)
	}
	return all
}

// describe tells what is in a file with a list, which is checked only once its issuer is met.
func (f *file) describe(e *api.RevocationSource, now time.Time, age time.Duration) {
	for _, c := range f.read {
		if c.list != nil {
			of := c.list.entry(now, age)
			of.Kind, of.Source = e.Kind, e.Source
			*e = of
			return
		}
		e.Problem = c.err.Error()
	}
	if e.Problem == "" {
		e.Says = "its issuer has not been met yet"
	}
}
