//go:build !race

package local_test

// raceDetector makes the program many times slower.
const raceDetector = false
