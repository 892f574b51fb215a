package step

import "fmt"

// String says it in words, "" when it costs nothing.
func (c Cost) String() string {
	switch {
	case c.Requests == 0:
		return ""
	case c.Trips == c.Requests:
		return fmt.Sprint(c.Requests)
	}
	return fmt.Sprintf("%d (in parallel: %d round trips)", c.Requests, c.Trips)
}

// Costs says what an effect costs that is not there yet: to look for it, and to
// make it, with the reads that check it. A test of the families checks both
// against what is sent.
func (s Step) Costs(look, do Cost) Step {
	s.Look, s.Make = look, do
	return s
}
