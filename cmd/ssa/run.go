package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/daemon"
	"github.com/securesocketapi/ssa/internal/launch"
	"github.com/securesocketapi/ssa/internal/wire"
)

func runCommand() *cobra.Command {
	var logFile, auditFile string
	var wrap wrapFlags
	var coerce bool
	service := serviceFlags{mode: daemon.Auto, socket: wire.SocketPath}
	c := &cobra.Command{
		Use:   "run [flags] [--] COMMAND [ARGUMENT...]",
		Short: "Run a program in which IPPROTO_TLS sockets are TLS sockets",
		Long: "Run a program, and all that it starts, with TLS sockets: socket(AF_INET, SOCK_STREAM, IPPROTO_TLS).\n" +
			"It ends as the program ends. Its own failures end with 125, 126 when the program cannot be executed,\n" +
			"127 when there is none.",
		Example: "  ssa run ./server --port 443\n  ssa run python3 client.py\n  ssa run --wrap db.example.org:6380 redis-cli -h db.example.org -p 6380",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("run: no command is given\nhint: ssa run [flags] [--] COMMAND [ARGUMENT...]")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if err := service.check(); err != nil {
				return err
			}
			if err := wrap.check(); err != nil {
				return err
			}
			if err := prepareCoercion(coerce); err != nil {
				return err
			}
			words := append(service.words(), wrap.words()...)
			return finish(launch.Front(args, append(words, "--log="+logFile, "--audit="+auditFile)...))
		},
	}
	c.Flags().SetInterspersed(false)
	c.Flags().StringVar(&logFile, "log", "", "append what the TLS service has to say to `FILE`")
	c.Flags().StringVar(&auditFile, "audit", "", "append the records of an embedded service to `FILE`, see ssad(8)")
	c.Flags().BoolVar(&coerce, "coerce", false, "bring the TLS that the program does by OpenSSL or GnuTLS under the policy")
	service.register(c)
	wrap.register(c)
	return c
}
