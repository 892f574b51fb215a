package step

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// FoundState is what looking for an effect came to. The zero state is invalid.
type FoundState string

// The states of [Found].
const (
	StateAbsent       FoundState = "absent"      // proved: it is not there
	StateExists       FoundState = "here"        // it is there, ours and live
	StateDrifted      FoundState = "differs"     // it is there and ours, made from other arguments
	StateEnded        FoundState = "over"        // it was there, and someone ended it
	StateInconclusive FoundState = "cannot_tell" // the lookup is no proof
)

// Found is the answer to "is the effect of this key already there?". Only a
// live effect Exists: an open merge request, an issue not in a done category,
// a branch whose tip is ours. Absent is a proof; a lookup that may lag says
// Inconclusive.
type Found[Out any] struct {
	State FoundState `json:"state"`
	Out   Out        `json:"out,omitempty"` // of Exists and Drifted
	Ref   string     `json:"ref,omitempty"` // what was found, e.g. AAP-7 or !12
	Why   string     `json:"why,omitempty"` // Drifted: the difference; Ended: what, who, when; Inconclusive: how to look
	Hint  string     `json:"hint,omitempty"`
}

// Absent says the effect is surely not there.
func Absent[Out any]() Found[Out] { return Found[Out]{State: StateAbsent} }

// Exists says the effect is there: it is adopted, nothing is sent.
func Exists[Out any](ref string, out Out) Found[Out] {
	return Found[Out]{State: StateExists, Ref: ref, Out: out}
}

// Drifted says the effect is there but was made from other arguments; the run
// stops with conflict and shows the difference.
func Drifted[Out any](ref string, out Out, difference string) Found[Out] {
	return Found[Out]{State: StateDrifted, Ref: ref, Out: out, Why: difference}
}

// Ended says someone ended the effect: the run stops with conflict, and the
// hint says how to bring it back.
func Ended[Out any](ref, what, hint string) Found[Out] {
	return Found[Out]{State: StateEnded, Ref: ref, Why: what, Hint: hint}
}

// Inconclusive says the lookup is no proof; how tells a person where to look.
func Inconclusive[Out any](how string) Found[Out] {
	return Found[Out]{State: StateInconclusive, Why: how}
}

// Find gives a Write the ability to look for its own effect by the key that
// the effect carries as a marker.
func Find[In, Out any](f func(context.Context, Key, In) (Found[Out], error)) Option[In, Out] {
	return Option[In, Out]{func(s *Step) {
		read := revealed[In](*s)
		s.find = func(ctx context.Context, key Key, raw json.RawMessage) (Found[json.RawMessage], error) {
			var none Found[json.RawMessage]
			in, err := read(ctx, raw)
			if err != nil {
				return none, err
			}
			got, err := f(ctx, key, in)
			if err != nil {
				return none, err
			}
			out := Found[json.RawMessage]{State: got.State, Ref: got.Ref, Why: got.Why, Hint: got.Hint}
			if got.State == StateExists || got.State == StateDrifted {
				out.Out = encoded(ctx, got.Out)
			}
			return out, nil
		}
	}}
}

// UnknownPaths are the members of a value that are not known yet, as
// dot-separated paths; "" is the whole value.
type UnknownPaths []string

// Has reports whether path or anything above it is unknown.
func (u UnknownPaths) Has(path string) bool {
	return slices.ContainsFunc(u, func(p string) bool {
		return p == "" || p == path || strings.HasPrefix(path, p+".")
	})
}

// Of are those of the paths that are unknown, or something in them.
func (u UnknownPaths) Of(paths ...string) UnknownPaths {
	return slices.DeleteFunc(paths, func(path string) bool { return !u.Overlaps(path) })
}

// Change is what a write would do, for people.
type Change struct {
	Title  string        `json:"title"` // "create issue in AAP"
	Fields []FieldChange `json:"fields,omitempty"`
	Diff   string        `json:"diff,omitempty"` // unified
}

// FieldChange is one field that would be set.
type FieldChange struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Prediction is what a write would do and return. Unknown names the members
// of Out that only the action itself can tell.
type Prediction[Out any] struct {
	Change  Change       `json:"change"`
	Out     Out          `json:"out,omitempty"`
	Unknown UnknownPaths `json:"unknown,omitempty"`
}

// Preview gives a Write the ability to say what it would do, without doing it.
func Preview[In, Out any](f func(context.Context, In, UnknownPaths) (Prediction[Out], error)) Option[In, Out] {
	return Option[In, Out]{func(s *Step) {
		read := arguments[In](*s)
		s.preview = func(ctx context.Context, raw json.RawMessage, unknown UnknownPaths) (Prediction[json.RawMessage], error) {
			var none Prediction[json.RawMessage]
			in, err := read(raw, unknown)
			if err != nil {
				return none, err
			}
			got, err := f(ctx, in, unknown)
			if err != nil {
				return none, err
			}
			return Prediction[json.RawMessage]{Change: got.Change, Out: types.Encode(got.Out), Unknown: got.Unknown}, nil
		}
	}}
}

// Overlaps reports whether path, anything above it, or anything in it is unknown.
func (u UnknownPaths) Overlaps(path string) bool {
	for _, p := range u {
		if strings.HasPrefix(p, path+".") || strings.HasPrefix(p, path+"[") {
			return true
		}
	}
	return u.Has(path)
}
