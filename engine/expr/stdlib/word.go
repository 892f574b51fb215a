package stdlib

import (
	"unicode"
	"unicode/utf8"
)

// RuneAt is where the nth character of s begins, or the end of s.
func RuneAt(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// IsLetter reports whether b is a letter of ASCII.
func IsLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// Word returns the name that s begins with, "" when there is none.
func Word(s string) string {
	for i, r := range s {
		if r != '_' && r != '$' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r)) {
			return s[:i]
		}
		if r == utf8.RuneError {
			return s[:i]
		}
	}
	return s
}

// IsName reports whether s can be a name without quotes.
func IsName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != ""
}
