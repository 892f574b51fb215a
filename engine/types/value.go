package types

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Unknown is a value that a plan cannot know yet; After is the id of the step
// whose output it is. It prints as "(known after ID)".
type Unknown struct{ After string }

// String returns "(known after ID)".
func (u Unknown) String() string { return "(known after " + u.After + ")" }

// MarshalText writes the same.
func (u Unknown) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// FirstUnknown returns an Unknown inside v, if there is one.
func FirstUnknown(v any) (Unknown, bool) {
	switch v := v.(type) {
	case Unknown:
		return v, true
	case PartlyUnknown:
		return Unknown{After: v.After}, true
	case []any:
		for _, e := range v {
			if u, ok := FirstUnknown(e); ok {
				return u, true
			}
		}
	case map[string]any:
		for _, k := range SortedKeys(v) {
			if u, ok := FirstUnknown(v[k]); ok {
				return u, true
			}
		}
	}
	return Unknown{}, false
}

// Decode reads one JSON value that [Encode] wrote. Integers that fit 64 bits
// become int, other numbers float64; nothing is rounded in silence: a number
// that is no value of ours is an error. What someone else wrote is read by
// [Read].
func Decode(data []byte) (any, error) { return decode(data, number) }

// How deep values are nested at most: what someone else wrote, and whatever is
// made of it in a run. What walks over values does so by recursion, and what is
// written into a journal stands some levels deeper there and has to be read again.
const (
	MaxRead  = 100
	MaxDepth = 1000
)

// ErrDeep: a text is nested deeper than [MaxRead].
var ErrDeep = fmt.Errorf("nested deeper than %d", MaxRead)

// Deep reports whether a value is nested deeper than [MaxDepth].
func Deep(v any) bool { return deeper(v, MaxDepth) }

func deeper(v any, than int) bool {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if than == 0 || deeper(e, than-1) {
				return true
			}
		}
	case map[string]any:
		for _, e := range v {
			if than == 0 || deeper(e, than-1) {
				return true
			}
		}
	}
	return false
}

// MapTexts returns v with what f makes of each text in it, in the order of lists and
// of names. v is not changed.
func MapTexts(v any, f func(string) (any, error)) (any, error) {
	var err error
	switch v := v.(type) {
	case string:
		return f(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			if out[i], err = MapTexts(e, f); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, k := range SortedKeys(v) {
			if out[k], err = MapTexts(v[k], f); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// HoldsNUL reports whether a text in a value, or the name of a member, holds the
// character NUL.
func HoldsNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.Contains(v, "\x00")
	case []any:
		return slices.ContainsFunc(v, HoldsNUL)
	case map[string]any:
		for k, e := range v {
			if HoldsNUL(k) || HoldsNUL(e) {
				return true
			}
		}
	}
	return false
}

// Read reads one JSON value that someone else wrote: an answer, an input, a
// text. Every JSON can be read that is not [ErrDeep]. A number that no value of ours can hold, an
// integer beyond 64 bits or a number beyond the range of float64, arrives as a
// text, as it was written: it is mostly the id of something.
func Read(data []byte) (any, error) {
	v, err := decode(data, func(s string) (any, error) {
		v, err := number(s)
		if _, wide := v.(float64); err != nil || wide && isInteger(s) {
			return s, nil
		}
		return v, nil
	})
	if err == nil && deeper(v, MaxRead) {
		return nil, ErrDeep
	}
	return v, err
}

// decode reads one JSON value, and every number in it by number.
func decode(data []byte, number func(string) (any, error)) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF { // More takes a bracket that closes nothing for the end
		return nil, fmt.Errorf("text after the JSON value")
	}
	return normalize(v, number)
}

func normalize(v any, number func(string) (any, error)) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		return number(v.String())
	case []any:
		for i := range v {
			if v[i], err = normalize(v[i], number); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = normalize(v[k], number); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func isInteger(s string) bool { return !strings.ContainsAny(s, ".eE") }

func number(s string) (any, error) {
	if isInteger(s) {
		if i, err := strconv.Atoi(s); err == nil {
			return i, nil
		}
		return wide(s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return nil, fmt.Errorf("number %s does not fit", s)
	}
	return f + 0, nil // -0 is 0: written and read again, it would be
}

// wide reads an integer above 64 bits. It is a float when that loses nothing,
// since [Encode] writes a float such as 1e20 without an exponent.
func wide(s string) (any, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || strconv.FormatFloat(f, 'f', -1, 64) != s {
		return nil, fmt.Errorf("integer %s does not fit 64 bits", s)
	}
	return f, nil
}

// Encode writes v as JSON with sorted names and without escaping <, > and &,
// so that equal values give equal bytes. It panics on a value that is not of
// the package's kinds, which is a bug.
func Encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("unreachable unless a foreign value got in: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Digest is the SHA-256 of data, hexadecimal.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Values are named values. Unlike a bare map it is read from JSON by [Decode],
// so that integers stay integers.
type Values map[string]any

// UnmarshalJSON reads an object.
func (v *Values) UnmarshalJSON(data []byte) error {
	x, err := Decode(data)
	if err != nil {
		return err
	}
	m, ok := x.(map[string]any)
	if !ok && x != nil {
		return fmt.Errorf("not an object")
	}
	*v = m
	return nil
}

// Dynamic is one value of any kind that is read from JSON by [Decode].
type Dynamic struct{ V any }

// MarshalJSON writes the value.
func (d Dynamic) MarshalJSON() ([]byte, error) { return Encode(d.V), nil }

// UnmarshalJSON reads a value.
func (d *Dynamic) UnmarshalJSON(data []byte) (err error) {
	d.V, err = Decode(data)
	return err
}

// PartlyUnknown is a text of which a plan knows only parts; the rest stands in
// it as "(known after ID)".
type PartlyUnknown struct {
	Text  string
	After string
}

// String returns the text.
func (p PartlyUnknown) String() string { return p.Text }

// MarshalText writes the same.
func (p PartlyUnknown) MarshalText() ([]byte, error) { return []byte(p.Text), nil }

// Show writes a value for people: texts as they are, everything else as JSON.
func Show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case fmt.Stringer:
		return v.String()
	}
	return string(Encode(v))
}

// SortedKeys returns m's names in order.
func SortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Clip is a text for a message: short.
func Clip(s string) string {
	n, cut := 0, 0
	for i := range s {
		switch n++; n {
		case 58:
			cut = i
		case 61:
			return s[:cut] + "…"
		}
	}
	return s
}
