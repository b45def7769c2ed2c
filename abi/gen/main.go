// Command gen writes include/ssa.h and the constants of the language bindings from package abi, so that the numbers
// programs compile in are those the supervisor decodes. Run it from the root of the module, as `make generate` does.
package main

import (
	"fmt"
	"os"
)

// output is a file that is generated.
type output struct {
	// path is from the root of the module.
	path string
	text func() []byte
}

func outputs() []output {
	return []output{
		{"include/ssa.h", cHeader},
		{"constants.go", goConstants},
		{"bindings/python/src/ssa/constants.py", pythonConstants},
		{"bindings/php/src/constants.php", phpConstants},
		{"bindings/rust/src/constants.rs", rustConstants},
		{"bindings/perl/lib/Socket/TLS/Constants.pm", perlConstants},
		{"bindings/ruby/lib/ssa/constants.rb", rubyConstants},
	}
}

func main() {
	for _, o := range outputs() {
		if err := os.WriteFile(o.path, o.text(), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1) //nolint:forbidigo // this is a main
		}
	}
}
