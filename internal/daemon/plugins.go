package daemon

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/launch"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/sandbox"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/plugin"
)

// plugins starts the plugins that are asked by any section.
func (c chambers) plugins(p *policy.Policy) ([]judge.Judge, error) {
	var all []judge.Judge
	for _, declared := range p.Global(time.Now()).Validation.Plugins {
		if !p.Runs(declared.Name) {
			continue
		}
		j, err := c.plugin(declared)
		if err != nil {
			judges.NewBench(all...).Close()
			return nil, err
		}
		all = append(all, j)
	}
	return all, nil
}

// pluginsDirName is where plugins that may write have their directories.
const pluginsDirName = "plugins"

func (c chambers) plugin(declared policy.Plugin) (*runningPlugin, error) {
	who, err := runAs("", c.log)
	if err != nil {
		return nil, err
	}
	dir, err := c.pluginDir(declared, who)
	if err != nil {
		return nil, err
	}
	j, err := plugin.New(plugin.Config{
		Name: declared.Name, Path: declared.Path, Args: declared.Args, Timeout: declared.Rule.Timeout,
		Launcher: sandbox.Launcher(launch.Self, declared.Network, declared.State), Dir: dir, UID: who.uid, GID: who.gid, Change: who.change,
		Trusted: trustedProgram, Logger: c.log,
	})
	if err != nil {
		return nil, err
	}
	return runPlugin(j), nil
}

// pluginDir is the directory of a plugin that may write, empty for another.
func (c chambers) pluginDir(declared policy.Plugin, who account) (string, error) {
	if !declared.State {
		return "", nil
	}
	if c.stateDir == "" {
		return "", fmt.Errorf("plugin %q: there is no place for what it keeps", declared.Name)
	}
	dir := filepath.Join(c.stateDir, pluginsDirName, declared.Name)
	return dir, who.ownDir(dir)
}

// trustedProgram is whether nobody but the administrator can have put a file in its place.
func trustedProgram(path string) error {
	f, err := config.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// runningPlugin is a plugin that runs until it is closed.
type runningPlugin struct {
	judge *plugin.Judge
	stop  context.CancelFunc
	ended chan error
}

// Name is the plugin's name.
func (r *runningPlugin) Name() string { return r.judge.Name() }

// Judge asks the plugin.
func (r *runningPlugin) Judge(ctx context.Context, q *judge.Question) judge.Verdict {
	return r.judge.Judge(ctx, q)
}

// runPlugin starts a plugin, and returns when its process has been started, or could not be.
func runPlugin(j *plugin.Judge) *runningPlugin {
	ctx, stop := context.WithCancel(context.Background())
	r := &runningPlugin{j, stop, make(chan error, 1)}
	go func() { r.ended <- j.Run(ctx) }()
	<-j.Ready()
	return r
}

// Close ends the plugin.
func (r *runningPlugin) Close() error {
	r.stop()
	return <-r.ended
}
