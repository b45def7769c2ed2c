//go:build race

package relay_test

// raceDetector says whether the test was built with -race.
const raceDetector = true
