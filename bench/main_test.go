package main

import (
	"context"
	"fmt"
	"os"
	"testing"
)

// TestMain runs the tests where the benchmark runs, or they would compare something else.
func TestMain(m *testing.M) {
	if !outside() {
		os.Exit(m.Run())
	}
	if err := elsewhere(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func elsewhere() error {
	if err := os.Chdir(".."); err != nil { // where bin is
		return err
	}
	cmd, err := enter(context.Background(), os.Args[1:])
	if err != nil {
		return err
	}
	cmd.Dir = "bench"
	return cmd.Run()
}
