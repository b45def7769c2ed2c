package daemon

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/audit"
	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// embedded is the TLS service in the process of a supervisor, under the policy of this machine. Nobody tells it of a new
// policy: signals are the program's. So it looks at the files by itself.
type embedded struct {
	*service.Service
	log     *slog.Logger
	inForce atomic.Pointer[ruling]
	// chambers makes the judges.
	chambers chambers
	// last are the judges before the present ones. They live one policy longer, for handshakes that still ask them.
	last judges.Bench
	// audit is nil when nobody wants records.
	audit *audit.Log
	// stamp is that of the files when they were last read.
	stamp string
	stop  context.CancelFunc
	done  chan struct{}
}

// newEmbedded makes one; records go to the file of the name, nowhere without one.
func newEmbedded(c SupervisorConfig) (*embedded, error) {
	e := &embedded{log: c.Logger, stamp: config.Stamp(PolicyOptions()), done: make(chan struct{})}
	inForce, trustStores, err := loadPolicy(c.Logger)
	if err != nil {
		return nil, err
	}
	kept := e.place()
	bench, err := e.chambers.bench(inForce)
	if err != nil {
		return nil, err
	}
	if where := sessionLocation(inForce); where != "" {
		c.Logger.Info("sessions are kept in memory: session_cache.location is for ssad", "location", where)
	}
	e.inForce.Store(&ruling{inForce, bench})
	s := service.Config{
		Logger: c.Logger, Policy: e.policy, Open: config.Open, TrustStores: trustStores, Judge: e.judge, Kept: kept,
		Additions: verify.Additions,
	}
	if c.Audit != "" {
		if e.audit, err = audit.Open(audit.Config{Path: c.Audit, FileOnly: true, Logger: c.Logger}); err != nil {
			return nil, err
		}
		s.Record = e.audit.Record
	}
	e.Service = service.New(s)
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	go e.watch(ctx)
	return e, nil
}

// ruling is a policy with the judges it wants.
type ruling struct {
	policy *policy.Policy
	bench  judges.Bench
}

func (e *embedded) policy() *policy.Policy { return e.inForce.Load().policy }

func (e *embedded) judge(name string) judge.Judge { return e.inForce.Load().bench[name] }

// place finds the directory for what outlives this run, and the pins in it.
func (e *embedded) place() *pins.Store {
	e.chambers = chambers{log: e.log}
	dir, err := personalDir()
	if err != nil {
		e.log.Warn("there is no place for what outlives this run", "error", err)
		return nil
	}
	e.chambers.stateDir = dir
	return pins.NewStore(dir)
}

// sockets bounds the TLS sockets of the tree.
func (e *embedded) sockets() int { return e.policy().Global(time.Now()).Limits.Sockets }

// Close implements tlsService.
func (e *embedded) Close(ctx context.Context) error {
	e.stop()
	<-e.done
	err := e.Service.Close(ctx)
	e.inForce.Load().bench.Close()
	e.last.Close()
	if e.audit != nil {
		err = errors.Join(err, e.audit.Close())
	}
	return err
}

// policyPause is how often the files of the policy are looked at.
const policyPause = 2 * time.Second

func (e *embedded) watch(ctx context.Context) {
	defer close(e.done)
	tick := time.NewTicker(policyPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if e.inForce.Load().bench.Changed() {
				e.Reconsider()
			}
			if stamp := config.Stamp(PolicyOptions()); stamp != e.stamp {
				e.stamp = stamp
				e.reload()
			}
		}
	}
}

// reload reads the policy, all of it or, when anything in it is wrong, nothing. It is not tried again before the files
// change again.
func (e *embedded) reload() {
	r, err := readPolicy(e.log)
	var bench judges.Bench
	if err == nil {
		bench, err = e.chambers.bench(r.Policy)
	}
	record := api.Record{Event: api.Policy, Decision: api.Allowed}
	if err != nil {
		e.log.Error("the policy has changed and is not used: what was in force stays in force", "error", err)
		record.Decision, record.Failure = api.Refused, &api.Failure{Class: "invalid", Text: err.Error()}
	} else {
		before := e.inForce.Swap(&ruling{r.Policy, bench})
		e.last.Close()
		e.last = before.bench
		refused := e.Refresh()
		e.log.Info("the policy has changed", "files", len(r.Files), "listeners refused", refused)
		record.Text = policy.Extent(len(r.Files), len(r.Policy.Profiles()))
	}
	if e.audit != nil {
		e.audit.Record(record)
	}
}
