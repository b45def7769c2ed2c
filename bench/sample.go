package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// sample runs a program that writes one number a line.
func sample(cmd *exec.Cmd) ([]float64, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmd, err)
	}
	var numbers []float64
	for line := range strings.Lines(string(out)) {
		n, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", cmd, err)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// turns runs both sides one after the other for a number of rounds, so that what else the machine does meets
// both alike, and gives the medians. The first numbers of each run are left out: they warm up.
func turns(rounds, warm int, command func(side) *exec.Cmd) (r row, err error) {
	var numbers [2][]float64
	for range rounds {
		for _, s := range []side{with, without} {
			n, err := sample(command(s))
			if err != nil {
				return row{}, err
			}
			numbers[s] = append(numbers[s], n[min(warm, len(n)-1):]...)
		}
	}
	return row{With: median(numbers[with]), Without: median(numbers[without]), Samples: len(numbers[with])}, nil
}

func median(numbers []float64) float64 {
	if len(numbers) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(numbers))
	return sorted[len(sorted)/2]
}
