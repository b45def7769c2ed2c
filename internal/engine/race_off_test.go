//go:build !race

package engine_test

// raceDetector says whether the test was built with -race.
const raceDetector = false
