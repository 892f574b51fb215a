// Package plan is what people are shown before anything is written: each write
// with what is known of it so far.
package plan

import "github.com/skillrun/skillrun/engine/types"

// Write is a write that a run would perform.
type Write struct {
	Path    string  `json:"path"`
	Node    string  `json:"node"`
	Name    string  `json:"name"` // the step's name for people
	Step    string  `json:"step"` // the step type
	Service string  `json:"service,omitempty"`
	Object  string  `json:"object,omitempty"`
	Verb    string  `json:"verb,omitempty"`
	Title   string  `json:"title,omitempty"` // what would be done, by the step's own words
	Fields  []Field `json:"fields,omitempty"`
	Diff    string  `json:"diff,omitempty"` // unified
	// Undecided is set when it depends on something not known yet whether the
	// write happens at all.
	Undecided bool `json:"undecided,omitempty"`
}

// Field is an argument of a write. What is not known yet reads
// "(known after STEP)".
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Fields lists arguments for people, in the order of names, without empty
// lists and objects.
func Fields(names []string, input types.Values) []Field {
	var out []Field
	for _, n := range names {
		if v, ok := input[n]; ok && !empty(v) {
			out = append(out, Field{Name: n, Value: types.Show(v)})
		}
	}
	return out
}

func empty(v any) bool {
	switch v := v.(type) {
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return v == nil
}
