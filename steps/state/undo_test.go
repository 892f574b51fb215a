package state_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// undo takes the write of a key back, after looking.
func (w world) undo(key, name, in string) error {
	w.Helper()
	s, k := w.step(name), step.Key{Work: "w", Path: key}
	if err := s.CheckUndo(calling(w.Context(), key, "d"), k, json.RawMessage(in), json.RawMessage(`{}`)); err != nil {
		return err
	}
	return s.Undo(calling(w.Context(), key, "d"), k, json.RawMessage(in), json.RawMessage(`{}`))
}

func (w world) undone(key, name, in, value string) {
	w.Helper()
	for range 2 { // safe to do twice
		if err := w.undo(key, name, in); err != nil {
			w.Errorf("%s %s: %v", name, in, err)
		}
		w.want("", "state_get", `{"name":"a"}`, `{"name":"a","found":`+value+`}`)
	}
}

// TestStateAfterUndo: an undo puts back what was there, and the same work writes
// again, also another value.
func TestStateAfterUndo(t *testing.T) {
	w := newWorld(t)
	first, second := `{"name":"a","value":"one"}`, `{"name":"a","value":["two"]}`
	w.want("1", "state_set", first, first)
	w.want("2", "state_set", second, second)
	w.want("3", "state_append", `{"name":"a","item":{"x":1},"keep":9}`, `{"name":"a","count":2}`)
	w.undone("3", "state_append", `{"name":"a","item":{"x":1},"keep":9}`, `true,"value":["two"]`)
	w.undone("2", "state_set", second, `true,"value":"one"`)
	if f := w.find("2", "other", "state_set", `{"name":"a","value":3}`); f.State != step.StateAbsent {
		t.Errorf("the same work after its undo: %+v", f)
	}
	w.undone("1", "state_set", first, `false`)
	w.want("4", "state_increment", `{"name":"a","by":2}`, `{"name":"a","value":2}`)
	w.want("5", "state_increment", `{"name":"a","by":-5}`, `{"name":"a","value":-3}`)
	w.undone("4", "state_increment", `{"name":"a","by":2}`, `true,"value":-5`)
	w.undone("5", "state_increment", `{"name":"a","by":-5}`, `true,"value":0`)
	w.want("6", "state_set", `{"name":"a","value":null}`, `{"name":"a","value":null}`)
	w.want("7", "state_increment", `{"name":"a","by":2}`, `{"name":"a","value":2}`)
	w.undone("7", "state_increment", `{"name":"a","by":2}`, `false`)
	w.want("8", "state_append", `{"name":"a","item":1,"keep":9}`, `{"name":"a","count":1}`)
	w.undone("8", "state_append", `{"name":"a","item":1,"keep":9}`, `false`)
}

// TestUndoOfWhatIsGone: what another value was put in the place of is not there any
// more, and what others have added to stays.
func TestUndoOfWhatIsGone(t *testing.T) {
	w := newWorld(t)
	set := `{"name":"a","value":1}`
	w.want("1", "state_set", set, set)
	w.want("2", "state_increment", `{"name":"a","by":1}`, `{"name":"a","value":2}`)
	err := w.undo("1", "state_set", set)
	if e := types.AsError(err); e.Code != types.Conflict || e.Message != "state a was changed since it was set" || e.Hint == "" {
		t.Error(err)
	}
	w.want("3", "state_set", `{"name":"a","value":7}`, `{"name":"a","value":7}`)
	w.undone("1", "state_set", set, `true,"value":7`)
	w.undone("2", "state_increment", `{"name":"a","by":1}`, `true,"value":7`)
}

// TestUndoOverflow: what others have changed so far that it cannot be taken off stays.
func TestUndoOverflow(t *testing.T) {
	w := newWorld(t)
	w.want("1", "state_increment", `{"name":"a","by":9}`, `{"name":"a","value":9}`)
	w.want("2", "state_increment", `{"name":"a","by":-9223372036854775808}`, `{"name":"a","value":-9223372036854775799}`)
	w.want("3", "state_increment", `{"name":"a","by":-9}`, `{"name":"a","value":-9223372036854775808}`)
	err := w.undo("1", "state_increment", `{"name":"a","by":9}`)
	if e := types.AsError(err); e.Code != types.Conflict || !strings.HasSuffix(e.Message, " and 9 less does not fit an integer") || e.Hint == "" {
		t.Error(err)
	}
}

// TestValuesBefore: the values before take little room, and the oldest
// are forgotten; what is forgotten is not put back.
func TestValuesBefore(t *testing.T) {
	w := newWorld(t)
	in := func(n int) string {
		return fmt.Sprintf(`{"name":"a","value":"%d%s"}`, n, strings.Repeat("x", 25_000))
	}
	for n := range 5 {
		if _, err := w.do(fmt.Sprint(n), "state_set", in(n)); err != nil {
			t.Fatal(err)
		}
	}
	for n := 4; n >= 1; n-- {
		err := w.undo(fmt.Sprint(n), "state_set", in(n))
		if forgotten := n <= 2; forgotten != (err != nil) {
			t.Fatalf("%d: %v", n, err)
		}
		if err != nil {
			if e := types.AsError(err); e.Code != types.Conflict || e.Message != "the previous value of state a is not known any more" || e.Hint == "" {
				t.Error(err)
			}
			break
		}
	}
}
