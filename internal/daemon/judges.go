package daemon

import (
	"context"
	"log/slog"

	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// chambers is what judges are made with.
type chambers struct {
	log *slog.Logger
	// stateDir is where they keep what outlives them; empty is nowhere.
	stateDir string
}

// judgesDirName is the directory of the judges' process in the state directory.
const judgesDirName = "judges"

// makers are the judges that a policy may want beside standard validation and pins. A maker gives none when the policy
// has not configured its judge.
func makers() []func(chambers, *policy.Policy) ([]judge.Judge, error) {
	return []func(chambers, *policy.Policy) ([]judge.Judge, error){
		chambers.revocation, chambers.dane, chambers.transparency, chambers.notaries, chambers.plugins,
	}
}

// bench makes the judges of a policy.
func (c chambers) bench(p *policy.Policy) (judges.Bench, error) {
	var all []judge.Judge
	for _, make := range makers() {
		some, err := make(c, p)
		if err != nil {
			judges.NewBench(all...).Close()
			return nil, err
		}
		all = append(all, some...)
	}
	return judges.NewBench(all...), nil
}

// reconsider has peers judged again when what judges know has changed.
func (n *Network) reconsider(ctx context.Context) {
	var seen uint64
	for {
		now, err := judges.NewClient(n.judges).Changed(ctx, seen)
		if err != nil {
			return // this process ends with that of the judges
		}
		seen = now
		n.service.Reconsider()
	}
}

// RunJudges is the process that asks others about certificates: it connects to what the policy and certificates name,
// and runs plugins. It writes to its part of the state directory alone.
func RunJudges(ctx context.Context, stateDir string, log *slog.Logger) error {
	if err := linux.NotDumpable(); err != nil {
		return err
	}
	c := chambers{log: log, stateDir: stateDir}
	if err := c.confine(); err != nil {
		return err
	}
	return judges.Serve(ctx, firstFD, func() (judges.Bench, error) {
		inForce, _, err := loadPolicy(log)
		if err != nil {
			return nil, err
		}
		return c.bench(inForce)
	})
}
