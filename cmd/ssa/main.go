// Command ssa runs programs whose sockets of protocol IPPROTO_TLS are TLS sockets.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/securesocketapi/ssa/internal/launch"
)

func main() { os.Exit(run(os.Args[1:])) }

// exitCode ends the program with a code, without a message.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func run(args []string) int {
	root := &cobra.Command{
		Use:           "ssa",
		Short:         "TLS through the socket calls, as a service of the operating system",
		SilenceErrors: true,
		SilenceUsage:  true,
		// A word that is no command ends as any error does, with the suggestion as its hint.
		DisableSuggestions: true,
	}
	root.AddCommand(commands(args)...)
	root.SetArgs(args)
	command, err := root.ExecuteC()
	err = withUsage(err, command.UseLine())
	if _, _, unknown := root.Find(args); unknown != nil {
		err = fmt.Errorf("%w\nhint: %s", unknown, suggestion(root, args[0]))
	}
	code := exitCode(0)
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	complain(err)
	return launch.ExitFailure
}

// commands are all there are. One that starts a program is made alone: making all would be a part of the time that takes.
func commands(args []string) []*cobra.Command {
	starters := map[string]func() *cobra.Command{
		"run": runCommand, "supervise": superviseCommand, "launch": launchCommand, "sandbox": sandboxCommand,
	}
	if len(args) > 0 {
		if starter := starters[args[0]]; starter != nil {
			return []*cobra.Command{starter()}
		}
	}
	return []*cobra.Command{
		runCommand(), doctorCommand(), versionCommand(), statusCommand(), connsCommand(), auditCommand(), metricsCommand(),
		enableCommand(), disableCommand(), policyCommand(), profileCommand(), coerceCommand(), superviseCommand(),
		launchCommand(), sandboxCommand(), notaryCommand(), verifyCommand(), trustCommand(), pinsCommand(), revocationCommand(),
	}
}

// withUsage adds to what cobra says of too many, too few and missing arguments, how the command is written.
func withUsage(err error, line string) error {
	for _, text := range []string{"accepts ", "requires ", "required flag"} {
		if err != nil && strings.HasPrefix(err.Error(), text) {
			return fmt.Errorf("%w\nhint: %s", err, line)
		}
	}
	return err
}

// suggestion says what to do about a word that is no command.
func suggestion(root *cobra.Command, word string) string {
	root.SuggestionsMinimumDistance = 2 // letters that are wrong
	if list := root.SuggestionsFor(word); len(list) > 0 {
		return "did you mean `ssa " + list[0] + "`?"
	}
	return "see `ssa help`"
}

// complain writes an error for the person at the terminal; a hint stands on a line of its own.
func complain(err error) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "ssa: "+line)
	}
}

// finish is the end of a command that stands for another.
func finish(code int, err error) error {
	if err != nil {
		complain(err)
	}
	return exitCode(code)
}

// warn writes something that is wrong beside what was asked for.
func warn(text string) { complain(errors.New(printable(text))) }
