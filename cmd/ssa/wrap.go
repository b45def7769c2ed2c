package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/launch"
)

// wrapFlags say which plain connections and listeners of a program become TLS.
type wrapFlags struct{ daemon.WrapConfig }

func (w *wrapFlags) register(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&w.To, "wrap", nil, "make plain TCP connections to `HOST:PORT[,...]` TLS")
	f.StringSliceVar(&w.Listen, "wrap-listen", nil, "make plain TCP listeners on `PORT[,...]` TLS")
	f.StringVar(&w.Trust, "trust", "", "believe the servers of --wrap by the trust anchors in `FILE`")
	f.StringVar(&w.Cert, "cert", "", "certificate chain in `FILE` for --wrap-listen")
	f.StringVar(&w.Key, "key", "", "private key in `FILE` for --cert")
}

// words are the flags for the supervisor.
func (w *wrapFlags) words() (words []string) {
	for _, s := range w.To {
		words = append(words, "--wrap="+s)
	}
	for _, s := range w.Listen {
		words = append(words, "--wrap-listen="+s)
	}
	return append(words, "--trust="+w.Trust, "--cert="+w.Cert, "--key="+w.Key)
}

// check refuses what could not be done. Under another supervisor nothing would be wrapped.
func (w *wrapFlags) check() error {
	wraps, err := w.Load()
	if err == nil && wraps.Any() && launch.Supervised() {
		return errors.New("run: --wrap and --wrap-listen have no effect below another ssa run, whose program this is\n" +
			"hint: give them to the first ssa run")
	}
	return err
}
