package revocation

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"sync"
	"time"
)

// What is in use is fetched again when half of its remaining life is over, within these bounds. What no question has
// needed for idleTime is not.
const (
	refreshMin = 5 * time.Minute
	refreshMax = 6 * time.Hour
	idleTime   = 7 * 24 * time.Hour
)

// keepFresh begins to keep what is known fresh. It is called before Close has waited.
func (j *Judge) keepFresh() {
	j.running.Do(func() { j.fetching.Go(j.run) })
}

// duePause is how often to look what is to be fetched again.
const duePause = time.Minute

// run keeps what is known fresh until the judge ends.
func (j *Judge) run() {
	look, due := time.NewTicker(j.c.Look), time.NewTicker(duePause)
	defer look.Stop()
	defer due.Stop()
	for {
		select {
		case <-j.ended.Done():
			return
		case <-look.C:
			j.look()
		case <-due.C:
			j.refetch()
		}
	}
}

// look reads the files that have changed.
func (j *Judge) look() {
	if j.files.refresh() {
		j.condemn()
	}
}

// refetch fetches what is due, and drops what nobody needs.
func (j *Judge) refetch() {
	now := j.c.Now()
	j.store.forget(now)
	for _, k := range j.store.list() {
		if j.c.Fetch != nil && k.wanted(now) && j.failed.recent(k.ask().attempt(), now) == nil {
			_, _ = j.launch(k.ask()) // what comes of it is kept, or remembered as a failure
		}
	}
}

// wanted says whether it is time to fetch the record again, for somebody who may need it.
func (k kept) wanted(now time.Time) bool { return now.Sub(k.used) < idleTime && !now.Before(k.due()) }

// due is when to fetch the record again.
func (r *record) due() time.Time {
	return r.fetched.Add(min(max(r.next.Sub(r.fetched)/2, refreshMin), refreshMax))
}

// ask is how the record was fetched.
func (r *record) ask() ask {
	about := subject{&x509.Certificate{SerialNumber: r.serial, RawIssuer: r.issuer.RawSubject}, r.issuer}
	if r.kind == CRL {
		about.cert = r.issuer
	}
	return ask{r.kind, r.url, about}
}

// updatesMax is how many are fetched at the same time when everything is.
const updatesMax = 8

// Update fetches everything again that is in the cache, at once, and reads the files. It says what failed.
func (j *Judge) Update(ctx context.Context) (problems []string) {
	j.failed.forget()
	j.look()
	if j.c.Fetch == nil {
		return []string{"fetching about revocations is turned off"}
	}
	all := j.store.list()
	failed := make([]string, len(all))
	places := make(chan struct{}, updatesMax)
	var work sync.WaitGroup
	for i, k := range all {
		places <- struct{}{}
		work.Go(func() {
			defer func() { <-places }()
			if err := j.again(ctx, k.ask()); err != nil {
				failed[i] = fmt.Sprintf("fetch %s %.200q: %.300v", k.kind, k.url, err)
			}
		})
	}
	work.Wait()
	return slices.DeleteFunc(failed, func(text string) bool { return text == "" })
}

// again fetches whether or not it is due.
func (j *Judge) again(ctx context.Context, a ask) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := j.launch(a)
	if err == nil {
		_, err = f.wait(ctx)
	}
	return err
}
