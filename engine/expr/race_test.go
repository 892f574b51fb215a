//go:build race

package expr

// underRace is true where the race detector runs. It makes pools forget what
// they hold, so that memory says nothing about the program.
const underRace = true
