//go:build !race

package testutil

// raceDetector says whether the test was built with -race.
const raceDetector = false
