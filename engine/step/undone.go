package step

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/types"
)

// UndoneBy returns a write whose effect another call of the same step takes back: call
// are the arguments of that one. It is [Undo] for a step that cannot know by itself what
// reverses it, such as one that runs a program. The write has a [Find], which says first
// whether the effect is there: what is not there is undone already. It is asked again
// after the call, since what a program did nobody knows but those who look.
func (s Step) UndoneBy(call json.RawMessage) Step {
	base := s
	s.describeUndo = func(_, _ json.RawMessage) (string, error) { return base.describe(call), nil }
	s.checkUndo = func(ctx context.Context, key Key, in, _ json.RawMessage) error {
		there, err := base.isThere(ctx, key, in)
		if err == nil && there {
			_, err = base.Preview(ctx, call, nil)
		}
		return err
	}
	s.undo = func(ctx context.Context, key Key, in, _ json.RawMessage) error {
		there, err := base.isThere(ctx, key, in)
		if err != nil || !there {
			return err
		}
		if _, err := base.Do(ctx, call); err != nil {
			return err
		}
		return base.isGone(ctx, key, in)
	}
	return s
}

// describe is a call for people, on one line and with all its arguments: it is what
// they agree to. What is wrong with it is said when it is looked at.
func (s Step) describe(call json.RawMessage) string {
	p, err := s.Preview(context.Background(), call, nil)
	if err != nil && p.Change.Title == "" {
		return s.Name + " " + string(call)
	}
	parts := make([]string, len(p.Change.Fields))
	for i, f := range p.Change.Fields {
		parts[i] = f.Name + ": " + f.Value
	}
	return p.Change.Title + " (" + strings.Join(parts, "; ") + ")"
}

// isThere looks for the effect before it is reversed.
func (s Step) isThere(ctx context.Context, key Key, in json.RawMessage) (bool, error) {
	found, err := s.Find(ctx, key, in)
	switch {
	case err != nil:
		return false, err
	case found.State == StateDrifted:
		return false, types.Errorf(types.Conflict, "%s was changed since: %s", found.Ref, found.Why).WithHint("change it back first, or leave it as it is")
	case found.State == StateInconclusive:
		return false, types.Errorf(types.Conflict, "it cannot be determined whether it is there: %s", found.Why).WithHint("see whether the find of the step type can be asked now, and undo the run again")
	}
	return found.State == StateExists, nil
}

// What was undone may be seen for a moment longer: it is looked for so often more, with
// pauses in between.
const (
	looksForGone = 4
	betweenLooks = time.Second
)

// isGone looks whether the effect is not there any more, for as long as a service may
// take to see that. It was undone, as far as the call says: whatever speaks against that,
// it is unknown.
func (s Step) isGone(ctx context.Context, key Key, in json.RawMessage) error {
	for left := looksForGone; ; left-- {
		there, err := s.isThere(ctx, key, in)
		switch {
		case err == nil && !there:
			return nil
		case left > 0:
		case err != nil:
			return types.Errorf(types.UnknownOutcome, "it was undone without an error, and cannot be looked for: %w", err).WithHint(unclearUndo)
		default:
			return types.Errorf(types.UnknownOutcome, "it was undone without an error, and is still there").WithHint(unclearUndo)
		}
		if err := CallOf(ctx).Sleep(ctx, betweenLooks); err != nil {
			return err
		}
	}
}

const unclearUndo = "see what became of it, and undo the run again: it looks first"
