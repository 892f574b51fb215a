package step

import (
	"context"
	"encoding/json"

	"github.com/skillrun/skillrun/engine/types"
)

// Update gives a Write the ability to bring an effect of ours that was made
// from other arguments up to date, instead of stopping with conflict. out is
// what [Find] said is there. It must be safe to do twice, and it is announced.
func Update[In, Out any](f func(ctx context.Context, key Key, in In, out Out) (Out, error)) Option[In, Out] {
	return Option[In, Out]{func(s *Step) {
		read := decodeBoth[In, Out](*s)
		s.update = func(ctx context.Context, key Key, rawIn, rawOut json.RawMessage) (json.RawMessage, error) {
			in, out, err := read(ctx, rawIn, rawOut)
			if err != nil {
				return nil, err
			}
			got, err := f(ctx, key, in, out)
			if err != nil {
				return nil, err
			}
			return encoded(ctx, got), nil
		}
	}}
}

// Resolve gives a Write the ability to read back the effect that a person
// names by ref, such as AAP-7, !12 or a commit, when the run could not tell
// what became of it. It only reads; the error is not_found when there is no
// such thing, and conflict when it cannot be what the arguments ask for, with
// the difference. format says what a ref looks like, for people.
func Resolve[In, Out any](format string, f func(ctx context.Context, ref string, in In) (Out, error)) Option[In, Out] {
	return Option[In, Out]{func(s *Step) {
		s.RefFormat = format
		read := revealed[In](*s)
		s.resolve = func(ctx context.Context, ref string, rawIn json.RawMessage) (json.RawMessage, error) {
			in, err := read(ctx, rawIn)
			if err != nil {
				return nil, err
			}
			got, err := f(ctx, ref, in)
			if err != nil {
				return nil, err
			}
			return encoded(ctx, got), nil
		}
	}}
}

// Undoing is how a Write is reversed, only ever on request.
type Undoing[In, Out any] struct {
	// Describe names the action for people without asking anybody: "close merge
	// request !12". "" means that there is nothing to undo.
	Describe func(in In, out Out) string
	// Check says why Do would refuse now, and changes nothing. All effects of a run
	// are looked at before the first is reversed. May be nil: nothing stands in the
	// way.
	Check func(ctx context.Context, key Key, in In, out Out) error
	// Do reverses the effect. It looks first: what is not there any more is
	// undone already; what others have built on (a merged merge request, a
	// branch with more commits) is refused with conflict. It is safe to do
	// twice. What stays behind, such as a closed issue, is marked as ended by us:
	// Find does not see it any more, so that the same work can begin again.
	Do func(ctx context.Context, key Key, in In, out Out) error
}

// Undo gives a Write the ability to be reversed.
func Undo[In, Out any](u Undoing[In, Out]) Option[In, Out] {
	return Option[In, Out]{func(s *Step) {
		read, described := decodeBoth[In, Out](*s), decodePlain[In, Out](*s)
		s.describeUndo = func(rawIn, rawOut json.RawMessage) (string, error) {
			in, out, err := described(rawIn, rawOut)
			if err != nil {
				return "", err
			}
			return u.Describe(in, out), nil
		}
		s.undo = reversing(read, u.Do)
		if u.Check != nil {
			s.checkUndo = reversing(read, u.Check)
		}
	}}
}

// reversing erases the types of a function that undoes, or looks before it.
func reversing[In, Out any](read func(ctx context.Context, rawIn, rawOut json.RawMessage) (In, Out, error), f func(context.Context, Key, In, Out) error) func(context.Context, Key, json.RawMessage, json.RawMessage) error {
	return func(ctx context.Context, key Key, rawIn, rawOut json.RawMessage) error {
		in, out, err := read(ctx, rawIn, rawOut)
		if err != nil {
			return err
		}
		return f(ctx, key, in, out)
	}
}

// Restore gives a step that works in a workspace, and is no [Local], the ability
// to put what it left there into the workspace again, which is as it was before
// it: from its arguments, and from its result or the details of its error. A
// Local is simply repeated.
func Restore[In, Out any](f func(ctx context.Context, in In, out Out) error) Option[In, Out] {
	return Option[In, Out]{func(s *Step) {
		read := revealed[In](*s)
		s.restore = func(ctx context.Context, rawIn, rawOut json.RawMessage) error {
			in, err := read(ctx, rawIn)
			if err != nil {
				return err
			}
			var out Out
			if err := json.Unmarshal(rawOut, &out); err != nil {
				return types.Errorf(types.Internal, "what %s left does not decode: %w", s.Name, err)
			}
			return f(ctx, in, out)
		}
	}}
}

// EventuallyConsistent says of a Write that its effect may appear for a while after its answer
// was lost, and that nothing on the other side refuses a second one. After an
// unknown outcome the runtime then takes "absent" for a proof only when that
// while is over.
func EventuallyConsistent[In, Out any]() Option[In, Out] {
	return Option[In, Out]{func(s *Step) { s.eventuallyConsistent = true }}
}

func decodeBoth[In, Out any](s Step) func(ctx context.Context, rawIn, rawOut json.RawMessage) (in In, out Out, err error) {
	read := decodePlain[In, Out](s)
	return func(ctx context.Context, rawIn, rawOut json.RawMessage) (in In, out Out, err error) {
		if in, out, err = read(rawIn, rawOut); err == nil {
			err = reveal(ctx, &in)
		}
		return in, out, err
	}
}

// decodePlain leaves handles of secrets as they are.
func decodePlain[In, Out any](s Step) func(rawIn, rawOut json.RawMessage) (in In, out Out, err error) {
	read := arguments[In](s)
	return func(rawIn, rawOut json.RawMessage) (in In, out Out, err error) {
		if in, err = read(rawIn, nil); err == nil {
			out, err = decode[Out](rawOut)
		}
		return in, out, err
	}
}

// CanFind reports whether the step can look for its own effect.
func (s Step) CanFind() bool { return s.find != nil }

// CanPreview reports whether the step can say what it would do.
func (s Step) CanPreview() bool { return s.preview != nil }

// CanUpdate reports whether the step can bring an effect up to date.
func (s Step) CanUpdate() bool { return s.update != nil }

// CanResolve reports whether a person can name the effect, to be read back.
func (s Step) CanResolve() bool { return s.resolve != nil }

// CanUndo reports whether the effect can be reversed.
func (s Step) CanUndo() bool { return s.undo != nil }

// CanRestore reports whether the step can restore what it left in a workspace.
func (s Step) CanRestore() bool { return s.restore != nil }

// Restore puts what the step left in its workspace there again; call it only
// when CanRestore. out is its result, or the details of its error.
func (s Step) Restore(ctx context.Context, in, out json.RawMessage) error {
	return MaskedError(s.mask, s.restore(s.inside(ctx), in, out))
}

// IsEventuallyConsistent reports whether an effect may appear after its answer was lost; see
// [EventuallyConsistent].
func (s Step) IsEventuallyConsistent() bool { return s.eventuallyConsistent }

// Workspaces are the workspaces of the run that a step works in, by the arguments
// that its type marks (workspace:"true"). What a plan does not know yet of such a
// name is "".
func (s Step) Workspaces(in types.Values) []string {
	var out []string
	for _, f := range s.In.Fields {
		if v, given := in[f.Name]; f.Workspace && given && v != nil {
			name, _ := v.(string)
			out = append(out, name)
		}
	}
	return out
}

// Find looks for the effect of the key; call it only when CanFind.
func (s Step) Find(ctx context.Context, key Key, in json.RawMessage) (Found[json.RawMessage], error) {
	if err := s.CheckArguments(in, nil); err != nil {
		return Found[json.RawMessage]{}, err
	}
	if err := s.checkNoCredential(in); err != nil {
		return Found[json.RawMessage]{}, err
	}
	f, err := s.find(s.inside(ctx), key, in)
	f.Out, f.Ref, f.Why, f.Hint = s.mask.JSON(f.Out), s.mask.Text(f.Ref), s.mask.Text(f.Why), s.mask.Text(f.Hint)
	return f, MaskedError(s.mask, err)
}

// Preview predicts the effect. unknown names the arguments that are not known
// yet; they are zero in in. A step without a preview predicts an unknown
// output and shows its arguments.
func (s Step) Preview(ctx context.Context, in json.RawMessage, unknown UnknownPaths) (Prediction[json.RawMessage], error) {
	if err := s.CheckArguments(in, unknown); err != nil {
		return Prediction[json.RawMessage]{}, err
	}
	if s.preview == nil {
		return Prediction[json.RawMessage]{Change: Change{Title: s.Name}, Unknown: UnknownPaths{""}}, nil
	}
	if err := s.checkNoCredential(in); err != nil {
		return Prediction[json.RawMessage]{}, err
	}
	p, err := s.preview(s.inside(ctx), in, unknown)
	p.Out, p.Change = s.mask.JSON(p.Out), p.Change.masked(s.mask)
	return p, MaskedError(s.mask, err)
}

// Update brings an effect up to date; call it only when CanUpdate.
func (s Step) Update(ctx context.Context, key Key, in, out json.RawMessage) (json.RawMessage, error) {
	return s.masked(s.update(s.inside(ctx), key, in, out))
}

// Resolve reads back what a person names; call it only when CanResolve.
func (s Step) Resolve(ctx context.Context, ref string, in json.RawMessage) (json.RawMessage, error) {
	return s.masked(s.resolve(s.inside(ctx), ref, in))
}

// DescribeUndo names what Undo would do; call it only when CanUndo.
func (s Step) DescribeUndo(in, out json.RawMessage) (string, error) {
	text, err := s.describeUndo(in, out)
	return s.mask.Text(text), MaskedError(s.mask, err)
}

// CheckUndo says why Undo would refuse now; call it only when CanUndo.
func (s Step) CheckUndo(ctx context.Context, key Key, in, out json.RawMessage) error {
	if s.checkUndo == nil {
		return nil
	}
	return MaskedError(s.mask, s.checkUndo(s.inside(ctx), key, in, out))
}

// Undo reverses the effect; call it only when CanUndo.
func (s Step) Undo(ctx context.Context, key Key, in, out json.RawMessage) error {
	return MaskedError(s.mask, s.undo(s.inside(ctx), key, in, out))
}
