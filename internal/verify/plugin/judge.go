// Package plugin judges by a program of the administrator's: it starts the program, sandboxed, asks it, and starts it
// again when it ends or misbehaves. It knows the protocol (ssa-plugin(7)) and nothing of what a plugin decides by.
package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// Times.
const (
	// DefaultTimeout is how long an answer may take.
	DefaultTimeout = 2 * time.Second
	// startPatience is how long the first answer may take before the plugin counts as one that hangs: a program has to
	// start.
	startPatience = 10 * time.Second
	// pauseMin and pauseMax bound the rest before the plugin is started again; each time it fails the rest doubles. One
	// that ran for as long as pauseMax has recovered.
	pauseMin = 100 * time.Millisecond
	pauseMax = 30 * time.Second
)

// Config is what the judge is made of.
type Config struct {
	// Name is the judge's name, as the policy gives it.
	Name string
	// Path is the program's file, absolute; Args are its arguments.
	Path string
	Args []string
	// Timeout is how long an answer may take; 0 is DefaultTimeout. A plugin that answers nothing at all for that long is
	// started again.
	Timeout time.Duration
	// Launcher is a command that becomes the program in its sandbox when it gets "--", path and arguments.
	Launcher []string
	// Dir is a directory that it gets as descriptor 3; none when empty.
	Dir string
	// UID and GID are whom the program runs as when Change is set, which only root can arrange.
	UID, GID int
	Change   bool
	// Trusted says whether a file may be executed; nil lets any.
	Trusted func(path string) error
	// Logger gets what the plugin says and why it ended.
	Logger *slog.Logger
}

// command is the command line of the launcher.
func (c Config) command() []string {
	return append(append(append([]string{}, c.Launcher...), "--", c.Path), c.Args...)
}

func (c Config) attributes() *linux.ProcAttr {
	if c.Change {
		return linux.LeashedAs(c.UID, c.GID)
	}
	return linux.Leashed()
}

// Judge is the judge. It answers while Run runs.
type Judge struct {
	config Config
	log    *slog.Logger
	ready  chan struct{}

	mu      sync.Mutex
	current *process
	// down is why there is no process.
	down error
	// changed is closed, and made anew, when these change.
	changed chan struct{}
}

// New makes the judge; Run starts the program.
func New(c Config) (*Judge, error) {
	switch {
	case c.Name == "":
		return nil, errors.New("a plugin needs a name")
	case !filepath.IsAbs(c.Path):
		return nil, fmt.Errorf("plugin %q: %q is not an absolute path", c.Name, c.Path)
	case len(c.Launcher) == 0:
		return nil, fmt.Errorf("plugin %q: there is no launcher", c.Name)
	case c.Timeout < 0:
		return nil, fmt.Errorf("plugin %q: a timeout of %v", c.Name, c.Timeout)
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Trusted == nil {
		c.Trusted = func(string) error { return nil }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return &Judge{
		config: c, log: c.Logger.With("plugin", c.Name), ready: make(chan struct{}), changed: make(chan struct{}), down: errors.New("it has not been started yet"),
	}, nil
}

// Name is the judge's name.
func (j *Judge) Name() string { return j.config.Name }

// String is the judge as a task.
func (j *Judge) String() string { return "plugin " + j.config.Name }

// Ready is closed once the program has been started, or could not be.
func (j *Judge) Ready() <-chan struct{} { return j.ready }

// Run keeps the program running until ctx ends. Then nothing of it is left.
func (j *Judge) Run(ctx context.Context) error {
	once := sync.OnceFunc(func() { close(j.ready) })
	for pause := pauseMin; ctx.Err() == nil; pause = min(2*pause, pauseMax) {
		begun := time.Now()
		p, err := j.launch()
		if err == nil {
			j.set(p, nil)
			j.log.Debug("a plugin was started", "pid", p.pid)
			once()
			err = j.run(ctx, p)
		}
		if ctx.Err() != nil {
			break
		}
		if time.Since(begun) > pauseMax {
			pause = pauseMin
		}
		j.set(nil, fmt.Errorf("%w; it is started again after %v", err, pause))
		once()
		j.log.Warn("a plugin does not work", "error", err, "pause", pause)
		rest(ctx, pause)
	}
	j.set(nil, errors.New("the service ends"))
	return nil
}

// rest waits for a time, or for the end of ctx.
func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

func (j *Judge) set(p *process, down error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.current, j.down = p, down
	close(j.changed)
	j.changed = make(chan struct{})
}

// Await waits until the program runs, or ctx ends.
func (j *Judge) Await(ctx context.Context) {
	for {
		j.mu.Lock()
		p, changed := j.current, j.changed
		j.mu.Unlock()
		if p != nil && p.pending.why() == nil {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Judge is judge.Judge. Whatever goes wrong with the plugin is an error.
func (j *Judge) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	v, err := j.Ask(ctx, q)
	if err != nil {
		return judge.Errorf("%s", printable(err.Error()))
	}
	return v
}

// Ask is Judge, with an error when the plugin gave no answer.
func (j *Judge) Ask(ctx context.Context, q *judge.Question) (judge.Verdict, error) {
	j.mu.Lock()
	p, down := j.current, j.down
	j.mu.Unlock()
	if p == nil {
		return judge.Verdict{}, fmt.Errorf("the plugin does not work: %w", down)
	}
	a, err := j.ask(ctx, p, q)
	if err != nil {
		return judge.Verdict{}, fmt.Errorf("the plugin gave no answer: %w", err)
	}
	return a.verdict(q), nil
}

// ask sends a request and waits for its answer.
func (j *Judge) ask(ctx context.Context, p *process, q *judge.Question) (answer, error) {
	reply, now := make(chan answer, 1), time.Now()
	ctx, cancel := context.WithDeadline(ctx, now.Add(j.config.Timeout))
	defer cancel()
	id, ok := p.pending.add(now, reply)
	if !ok {
		j.check(p)
		return answer{}, cmp.Or(p.pending.why(), fmt.Errorf("%d requests are waiting", pendingMax))
	}
	line, err := encode(id, q)
	if err != nil {
		p.pending.drop(id)
		return answer{}, err
	}
	select {
	case p.queue <- line:
	case <-p.gone:
	case <-ctx.Done():
	}
	select {
	case a := <-reply:
		return a, nil
	case <-p.gone:
		return answer{}, p.pending.why()
	case <-ctx.Done():
		j.check(p)
		return answer{}, fmt.Errorf("none came in %v", time.Since(now).Round(time.Millisecond))
	}
}

// check ends a run of the plugin that hangs.
func (j *Judge) check(p *process) {
	patience := j.config.Timeout
	if p.pending.none() {
		patience = max(patience, startPatience)
	}
	if p.pending.hangs(time.Now(), patience) {
		p.fail(fmt.Errorf("it has answered nothing for %v", patience))
	}
}
