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
	ofMember   = 2         // parts that a name is, which is looked up, sorted and kept beside its value
	maxControl = 1 << 20   // control characters: each is six in JSON
)

var (
	errDense    = fmt.Errorf("the answer has more than %d objects or %d values", maxObjects, maxParts)
	errControls = fmt.Errorf("the answer has more than %d control characters", maxControl)
)

// jsonLimiter reads a body, and refuses one of JSON that has too many parts, and one
// that is no text. What begins otherwise is no JSON.
type jsonLimiter struct {
	io.Reader
	begun, json, quoted, escaped bool
	objects, parts, controls     int
}

// Read reads what is next.
func (s *jsonLimiter) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	switch s.count(p[:n]); {
	case s.controls > maxControl:
		return 0, errControls
	case s.objects > maxObjects || s.parts > maxParts:
		return 0, errDense
	}
	return n, err
}

func (s *jsonLimiter) count(text []byte) {
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			s.controls++
		}
		switch {
		case s.begun && !s.json:
			continue
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
		case c == ':':
			s.parts += ofMember
		}
	}
}
