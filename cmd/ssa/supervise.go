package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/launch"
	"github.com/securesocketapi/ssa/internal/linux"
)

// role are the flags by which this program starts itself.
type role struct {
	control, front int
	signals        launch.Signals
	slack          time.Duration
	log, audit     string
	service        serviceFlags
	wrap           wrapFlags
	wrapping       bool
}

func (r *role) register(c *cobra.Command) {
	c.Hidden = true
	c.Args = cobra.MinimumNArgs(1)
	c.Flags().SetInterspersed(false)
	c.Flags().IntVar(&r.control, "control", -1, "descriptor of the socket to the process that started this one")
	c.Flags().IntVar(&r.front, "front", 0, "process that was started by the user")
	c.Flags().IntSliceVar(&r.signals.Ignored, "ignored", nil, "signal that the program is to find ignored")
	c.Flags().Uint64Var(&r.signals.Blocked, "blocked", 0, "mask of the signals that the program is to find blocked")
	c.Flags().DurationVar(&r.slack, "slack", 0, "by how much timers of the program may be late")
	c.Flags().StringVar(&r.log, "log", "", "log file")
	c.Flags().StringVar(&r.audit, "audit", "", "file for records")
	r.service = serviceFlags{mode: daemon.Embedded}
	r.service.register(c)
	r.wrap.register(c)
	c.Flags().BoolVar(&r.wrapping, "wrapping", false, "plain connections of the program may have to become TLS")
}

func superviseCommand() *cobra.Command {
	var r role
	c := &cobra.Command{
		Use:   "supervise COMMAND [ARGUMENT...]",
		Short: "Started by run: the supervisor of a program",
		RunE: func(_ *cobra.Command, args []string) error {
			daemon.TuneGC()
			log, err := logger(r.log)
			if err != nil {
				return err
			}
			wraps, err := r.wrap.Load()
			if err != nil {
				return err
			}
			server, err := daemon.NewSupervisor(daemon.SupervisorConfig{
				Logger: log, Service: r.service.mode, Socket: r.service.socket, Audit: r.audit, Wraps: wraps,
			})
			if err != nil {
				return err
			}
			p := launch.Process{
				Control: linux.FD(r.control), Front: r.front, Command: args, Signals: r.signals, Slack: r.slack, Wrapping: server.Wrapping(),
			}
			return launch.Supervisor(p, server)
		},
	}
	r.register(c)
	return c
}

func launchCommand() *cobra.Command {
	var r role
	c := &cobra.Command{
		Use:   "launch COMMAND [ARGUMENT...]",
		Short: "Started by supervise: becomes the program",
		RunE: func(_ *cobra.Command, args []string) error {
			return finish(launch.Program(launch.Process{
				Control: linux.FD(r.control), Front: r.front, Command: args, Signals: r.signals, Wrapping: r.wrapping,
			}))
		},
	}
	r.register(c)
	return c
}

// logger writes to a file, or nowhere: standard error is the program's.
func logger(path string) (*slog.Logger, error) {
	if path == "" {
		return slog.New(slog.DiscardHandler), nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return slog.New(slog.NewTextHandler(io.Writer(f), nil)), nil
}
