package state

import (
	"bytes"
	"slices"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// An undo takes a write back as far as no later state_set replaced its value, and its
// key with it, so that the same work can write again.

// undo takes the write of the key out of the record; changed is false without one.
func (d action[In, Out]) undo(in In, r *record, key step.Key) (changed bool, err error) {
	i := r.written(key)
	if i < 0 {
		return false, nil
	}
	if !slices.ContainsFunc(r.Writes[i+1:], written.set) {
		if err := d.takeBy(in, r, i); err != nil {
			return false, err
		}
	}
	r.Writes = slices.Delete(r.Writes, i, i+1)
	return true, nil
}

// set reports whether the write put a value in the place of the one before.
func (w written) set() bool { return len(w.Result) == 0 || bytes.Equal(w.Result, none) }

// none is what stood before where there was no value.
var none = []byte("null")

// checkUndoable says why a write cannot be undone, whatever this run undoes before it.
func (s store) checkUndoable(name string, key step.Key) error {
	r, err := s.read(name)
	if err != nil {
		return err
	}
	i := r.written(key)
	if i < 0 || slices.ContainsFunc(r.Writes[i+1:], written.set) || !r.Writes[i].set() || r.Writes[i].Before != nil {
		return nil
	}
	return forgottenError(name)
}

func forgottenError(name string) error {
	return types.Errorf(types.Conflict, "the previous value of state %s is not known any more", name).
		WithHint("set it with state_set")
}

// undoSet puts back the value before, unless others have added to this one since.
func undoSet(in setIn, r *record, i int) error {
	switch {
	case i < len(r.Writes)-1:
		return types.Errorf(types.Conflict, "state %s was changed since it was set", in.Name).
			WithHint("set it with state_set")
	case r.Writes[i].Before == nil:
		return forgottenError(in.Name)
	}
	v, err := types.Decode(r.Writes[i].Before)
	if err != nil {
		return err
	}
	r.Value = &types.Dynamic{V: v}
	return nil
}

// wasAbsent reports whether there was no value before the write, and it is the latest.
func (r *record) wasAbsent(i int) bool {
	return i == len(r.Writes)-1 && bytes.Equal(r.Writes[i].Before, none)
}

// undoAppend takes the newest item off that is like it. What it pushed out stays out.
func undoAppend(in appendIn, r *record, i int) error {
	list, _ := r.list()
	item, err := value(in.Item)
	if err != nil {
		return err
	}
	like := types.Encode(item)
	for at, v := range slices.Backward(list) {
		if bytes.Equal(types.Encode(v), like) {
			list = slices.Delete(list, at, at+1)
			r.Value = &types.Dynamic{V: list}
			break
		}
	}
	if r.wasAbsent(i) && len(list) == 0 {
		r.Value = nil
	}
	return nil
}

// list is the value as a list; without a value it is empty.
func (r *record) list() ([]any, bool) {
	if r.Value == nil {
		return []any{}, true
	}
	list, ok := r.Value.V.([]any)
	return list, ok
}

func undoIncrement(in incrementIn, r *record, i int) error {
	if r.Value == nil {
		return nil
	}
	n, ok := r.Value.V.(int)
	left := n - in.By
	switch {
	case !ok:
	case r.wasAbsent(i) && left == 0:
		r.Value = nil
	case (left < n) != (in.By > 0) && in.By != 0:
		return types.Errorf(types.Conflict, "state %s is %d, and %d less does not fit an integer", in.Name, n, in.By).
			WithHint("set it again with state_set")
	default:
		r.Value = &types.Dynamic{V: left}
	}
	return nil
}

// trim drops the earlier values that there is no room for, the oldest first.
func (r *record) trim() {
	room := maxBefore
	for i := range slices.Backward(r.Writes) {
		if room -= len(r.Writes[i].Before); room < 0 {
			r.Writes[i].Before = nil
		}
	}
}
