package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/policy"
)

// running is the policy in force and where it comes from.
type running struct {
	policy *policy.Policy
	files  []string
	loaded time.Time
}

func (n *Network) policy() *policy.Policy { return n.inForce.Load().policy }

// firstPolicy reads the policy to begin with.
func (n *Network) firstPolicy() error {
	r, err := readPolicy(n.log)
	if err != nil {
		return err
	}
	n.inForce.Store(&running{r.Policy, r.Files, time.Now()})
	return nil
}

// reloadJudges has the process of the judges read the policy.
func (n *Network) reloadJudges(ctx context.Context) error {
	if err := judges.NewClient(n.judges).Reload(ctx); err != nil {
		return fmt.Errorf("have the judges read the policy: %w", err)
	}
	return nil
}

// Reload implements control.Daemon: it reads the policy again. One that is wrong in any part changes nothing.
func (n *Network) Reload(ctx context.Context, enforce bool) (api.Reloaded, error) {
	n.reloading.Lock()
	defer n.reloading.Unlock()
	r, err := readPolicy(n.log)
	if err == nil {
		err = n.reloadJudges(ctx)
	}
	if err != nil {
		text := err.Error()
		n.problem.Store(&text)
		n.note(api.Record{Event: api.Policy, Decision: api.Refused, Failure: &api.Failure{Class: "invalid", Text: text}})
		return api.Reloaded{}, err
	}
	n.problem.Store(nil)
	n.inForce.Store(&running{r.Policy, r.Files, time.Now()})
	if was := n.kept.location(); was != sessionLocation(r.Policy) {
		n.log.Warn("session_cache.location counts from the next start of the service on", "in use", was)
	}
	done := api.Reloaded{
		Files: append([]string{}, r.Files...), Profiles: len(r.Policy.Profiles()), Listeners: n.service.Refresh(),
		Noncompliant: n.service.Review(enforce),
	}
	for _, p := range r.Problems {
		done.Problems = append(done.Problems, p.Error())
	}
	if done.Listeners > 0 {
		n.log.Warn("the policy forbids what listeners were asked to serve", "listeners", done.Listeners)
	}
	for _, c := range done.Noncompliant {
		n.log.Warn("a connection does not comply with the policy", "id", c.Conn.ID, "exe", c.Conn.Program.Exe, "remote", c.Conn.Remote,
			"reason", c.Reason, "closed", c.Closed)
	}
	n.note(api.Record{
		Event: api.Policy, Decision: api.Allowed, Count: uint64(len(done.Noncompliant)),
		Text: fmt.Sprintf("%s; live connections that do not comply: %d", policy.Extent(len(done.Files), done.Profiles), len(done.Noncompliant)),
	})
	return done, nil
}
