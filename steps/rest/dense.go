package rest

import (
	"fmt"
	"io"
)

// How much an answer may be made of. A few bytes of JSON can be many in memory:
// {} is as large there as all that it could have.
const (
	maxObjects = 100_000
	maxParts   = 1_000_000 // of lists and objects
)

var errDense = fmt.Errorf("the answer has more than %d objects or %d values", maxObjects, maxParts)

// sparse reads a body, and refuses one of JSON that has too many parts. What
// begins otherwise is none.
type sparse struct {
	io.Reader
	begun, json, quoted, escaped bool
	objects, parts               int
}

// Read reads what is next.
func (s *sparse) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if s.count(p[:n]); s.objects > maxObjects || s.parts > maxParts {
		return 0, errDense
	}
	return n, err
}

func (s *sparse) count(text []byte) {
	for _, c := range text {
		switch {
		case s.begun && !s.json:
			return
		case !s.begun:
			if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
				continue
			}
			s.begun, s.json = true, c == '{' || c == '['
		}
		switch {
		case s.escaped:
			s.escaped = false
		case s.quoted:
			s.escaped, s.quoted = c == '\\', c != '"'
		case c == '"':
			s.quoted = true
		case c == '{':
			s.objects++
			s.parts++
		case c == '[', c == ',':
			s.parts++
		}
	}
}
