package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/client"
)

// asking is a command that asks ssad.
type asking struct {
	control string
	json    bool
}

// register adds the flags.
func (a *asking) register(c *cobra.Command) *cobra.Command {
	c.Flags().StringVar(&a.control, "control", api.SocketPath, "ask ssad at `PATH`")
	jsonFlag(c, &a.json)
	return c
}

// ask calls fn with a client, and says what to do about a daemon that is not there.
func (a *asking) ask(ctx context.Context, fn func(context.Context, *client.Client) error) error {
	err := fn(ctx, client.New(a.control))
	if errors.Is(err, client.ErrNotRunning) {
		return fmt.Errorf("%w\nhint: start it (systemctl start ssad.service); a service that ssa run embeds cannot be asked, but writes "+
			"records with ssa run --audit FILE", err)
	}
	return err
}
