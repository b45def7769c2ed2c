package launch

import (
	"fmt"
	"os"
	"os/signal"

	"github.com/securesocketapi/ssa/internal/linux"
)

// ignoredAtStart lists, for the front, the signals that the program is to find ignored: nohup(1) has set SIGHUP,
// a shell SIGINT and SIGQUIT for a job in the background, systemd SIGPIPE.
func ignoredAtStart() ([]int, error) {
	list, err := linux.Ignored()
	if err != nil {
		return nil, fmt.Errorf("find the signals that are ignored: %w", err)
	}
	numbers := make([]int, len(list))
	for i, s := range list {
		numbers[i] = int(s)
	}
	return numbers, nil
}

// ignoreAgain ignores them in the process that becomes the program.
func ignoreAgain(numbers []int) {
	list := make([]os.Signal, len(numbers))
	for i, n := range numbers {
		list[i] = linux.Signal(n)
	}
	if len(list) > 0 { // of none, os/signal makes all
		signal.Ignore(list...)
	}
}
