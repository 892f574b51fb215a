package state

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// action is what one kind of write does, apart from when and how often.
type action[In, Out any] struct {
	name  func(In) string
	do    func(In, *record) (Out, error)
	kept  func(Out) any // what of its result is kept to be given again; guess knows the rest
	say   func(In) step.Change
	guess func(In) Out      // what it returns, as far as that is known before
	later step.UnknownPaths // what is not
	named step.UnknownPaths // the arguments that its result repeats

	back   func(In, Out) string // what undoing it is called
	takeBy func(In, *record, int) error
}

// The name stands in every result as it was given.
var setAction = action[setIn, setOut]{
	name: func(in setIn) string { return in.Name },
	do:   set,
	say: func(in setIn) step.Change {
		return change("set state "+in.Name, "name", in.Name, "value", show(in.Value))
	},
	guess: setIn.out,
	kept:  func(setOut) any { return nil }, // the value may be large, and stands in the arguments
	named: step.UnknownPaths{"name", "value"},

	back:   func(in setIn, _ setOut) string { return "put back what state " + in.Name + " was" },
	takeBy: undoSet,
}

var appendAction = action[appendIn, appendOut]{
	name: func(in appendIn) string { return in.Name },
	do:   appendItem,
	say: func(in appendIn) step.Change {
		return change("append to state "+in.Name, "name", in.Name, "item", show(in.Item))
	},
	kept:  func(out appendOut) any { return out },
	guess: func(in appendIn) appendOut { return appendOut{Name: in.Name} },
	later: step.UnknownPaths{"count"},
	named: step.UnknownPaths{"name"},

	back:   func(in appendIn, _ appendOut) string { return "remove the item from state " + in.Name },
	takeBy: undoAppend,
}

var incrementAction = action[incrementIn, incrementOut]{
	name: func(in incrementIn) string { return in.Name },
	do:   increment,
	say: func(in incrementIn) step.Change {
		return change("increment state "+in.Name, "name", in.Name, "by", fmt.Sprint(in.By))
	},
	kept:  func(out incrementOut) any { return out },
	guess: func(in incrementIn) incrementOut { return incrementOut{Name: in.Name} },
	later: step.UnknownPaths{"value"},
	named: step.UnknownPaths{"name"},

	back: func(in incrementIn, _ incrementOut) string {
		return fmt.Sprintf("take %d off state %s", in.By, in.Name)
	},
	takeBy: undoIncrement,
}

func change(title string, fields ...string) step.Change {
	c := step.Change{Title: title}
	for f := range slices.Chunk(fields, 2) {
		c.Fields = append(c.Fields, step.FieldChange{Name: f[0], Value: f[1]})
	}
	return c
}

// value reads an argument so that integers stay integers.
func value(raw json.RawMessage) (*types.Dynamic, error) {
	v, err := types.Decode(raw)
	if err != nil {
		return nil, types.Errorf(types.BadInput, "the value cannot be stored: %w", err).WithHint("make it a string")
	}
	return &types.Dynamic{V: v}, nil
}

// show is an argument for people; one that is not known yet is empty.
func show(raw json.RawMessage) string {
	v, err := types.Decode(raw)
	if err != nil {
		return ""
	}
	return types.Show(v)
}

func set(in setIn, r *record) (setOut, error) {
	if is := r.digest(); in.Expect != nil && is != *in.Expect {
		return setOut{}, types.Errorf(types.Conflict, "state %s is not as expected: it is %s", in.Name, is).
			WithHint("it was changed in the meantime: read it again").With("digest", is)
	}
	v, err := value(in.Value)
	r.Value = v
	return in.out(), err
}

func appendItem(in appendIn, r *record) (appendOut, error) {
	list, ok := r.list()
	if !ok {
		return appendOut{}, types.Errorf(types.Conflict, "state %s is a %s, and only a list can be appended to", in.Name, types.KindOf(r.Value.V)).
			WithHint("use another name, or set it to a list with state_set")
	}
	item, err := value(in.Item)
	if err != nil {
		return appendOut{}, err
	}
	list = append(list, item.V)
	list = list[max(0, len(list)-in.Keep):]
	r.Value = &types.Dynamic{V: list}
	return appendOut{in.Name, len(list)}, nil
}

func increment(in incrementIn, r *record) (incrementOut, error) {
	n := 0
	if r.Value != nil {
		var ok bool
		if n, ok = r.Value.V.(int); !ok {
			return incrementOut{}, types.Errorf(types.Conflict, "state %s is a %s, and only an integer can be incremented", in.Name, types.KindOf(r.Value.V)).
				WithHint("use another name, or set it to an integer with state_set")
		}
	}
	sum := n + in.By
	if (sum > n) != (in.By > 0) && in.By != 0 {
		return incrementOut{}, types.Errorf(types.Conflict, "state %s is %d, and %+d more does not fit an integer", in.Name, n, in.By).
			WithHint("set it again with state_set")
	}
	r.Value = &types.Dynamic{V: sum}
	return incrementOut{in.Name, sum}, nil
}

// write makes a step of an action.
func write[In, Out any](s store, name, doc, verb string, d action[In, Out]) step.Step {
	return step.Write(name, doc,
		func(ctx context.Context, in In) (Out, error) { return d.perform(ctx, s, in) },
		step.Find(func(ctx context.Context, key step.Key, in In) (step.Found[Out], error) {
			return d.find(ctx, s, key, in)
		}),
		step.Preview(func(ctx context.Context, in In, unknown step.UnknownPaths) (step.Prediction[Out], error) {
			return d.preview(ctx, s, in, unknown)
		}),
		step.Undo(step.Undoing[In, Out]{
			Describe: d.back,
			Check:    func(_ context.Context, key step.Key, in In, _ Out) error { return s.checkUndoable(d.name(in), key) },
			Do: func(ctx context.Context, key step.Key, in In, _ Out) error {
				return s.change(ctx, d.name(in), func(r *record) (bool, error) { return d.undo(in, r, key) })
			},
		}),
	).Reaches(writeReach).Touches("", "state", verb).Errors(types.Conflict, types.Unavailable)
}

func (d action[In, Out]) perform(ctx context.Context, s store, in In) (out Out, err error) {
	call := step.CallOf(ctx)
	if call.Key.IsZero() {
		return out, types.Errorf(types.Internal, "the call has no key")
	}
	err = s.change(ctx, d.name(in), func(r *record) (bool, error) {
		if i := r.written(call.Key); i >= 0 { // made between looking and here: by another run of the same work
			out = d.guess(in)
			return false, json.Unmarshal(r.Writes[i].Result, &out)
		}
		before := types.Encode(r.Value)
		if out, err = d.do(in, r); err != nil {
			return false, err
		}
		if d.kept(out) != nil && !bytes.Equal(before, none) { // what adds to a value is taken off it
			before = nil
		}
		r.add(written{
			Key: call.Key.String(), Digest: call.Digest, At: call.StartedAt.UTC().Truncate(time.Second),
			Result: types.Encode(d.kept(out)), Before: before,
		})
		return true, nil
	})
	return out, err
}

// find reads from the file that the write changes whether it did.
func (d action[In, Out]) find(ctx context.Context, s store, key step.Key, in In) (step.Found[Out], error) {
	out := d.guess(in)
	r, err := s.read(d.name(in))
	if err != nil {
		return step.Found[Out]{}, err
	}
	i := r.written(key)
	if i < 0 {
		return step.Absent[Out](), nil
	}
	if err := json.Unmarshal(r.Writes[i].Result, &out); err != nil {
		return step.Found[Out]{}, s.corruptError(d.name(in), err)
	}
	ref := "state " + d.name(in)
	if r.Writes[i].Digest != step.CallOf(ctx).Digest {
		return step.Drifted(ref, out, "this work wrote it before, from other arguments"), nil
	}
	return step.Exists(ref, out), nil
}

// preview does what perform does with a copy of the value, unless an earlier write of
// the plan comes in between.
func (d action[In, Out]) preview(ctx context.Context, s store, in In, unknown step.UnknownPaths) (step.Prediction[Out], error) {
	p := step.Prediction[Out]{Change: d.say(in), Out: d.guess(in), Unknown: slices.Clone(d.later)}
	for _, name := range d.named {
		if unknown.Has(name) {
			p.Unknown = append(p.Unknown, name)
		}
	}
	if unknown.Has("name") {
		p.Change.Title = "write a state whose name is not known yet"
	}
	if len(unknown) > 0 || step.CallOf(ctx).Presumed {
		return p, nil
	}
	r, err := s.read(d.name(in))
	if err == nil {
		_, err = d.do(in, &r)
	}
	return p, err
}
