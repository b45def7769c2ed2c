// Command gen writes include/ssa.h from package abi, so that the numbers C programs compile in are those the
// supervisor decodes. Run it from the root of the module, as `make generate` does.
package main

import (
	"fmt"
	"os"
)

// header is where the C header lies, from the root of the module.
const header = "include/ssa.h"

func main() {
	if err := os.WriteFile(header, cHeader(), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1) //nolint:forbidigo // this is a main
	}
}
