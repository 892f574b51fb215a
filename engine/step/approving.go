package step

import "github.com/skillrun/skillrun/engine/types"

// ApprovalResult are the members of a result by which a service tells who agreed.
// The service has authenticated them: it is its word, not that of the machine.
func ApprovalResult() []types.Field {
	return []types.Field{
		{Name: "approved", Type: types.OfKind(types.Boolean)},
		{Name: "by", Type: types.OfKind(types.String)},
		{Name: "at", Type: types.Type{Kind: types.String, Format: "date-time"}},
		{Name: "digest", Type: types.OfKind(types.String)},
		{Name: "known_by", Type: types.OfKind(types.String)},
	}
}

// Approving says of a Read that its service tells who agreed to something, so that
// it can stand in an `approve` with rules about who may. Its result has the members
// of [ApprovalResult], all but approved absent until someone did, and its arguments
// may have by and not.
func (s Step) Approving() Step {
	for _, f := range ApprovalResult() {
		if got, ok := s.Out.Field(f.Name); s.Effect != Reads || !ok || got.Type.Kind != f.Type.Kind {
			panic("step: " + s.Name + " does not report an approval: it is not a read with " + f.Name + " in its result")
		}
	}
	s.approves = true
	return s
}

// Approves reports whether the step tells who agreed; see [Step.Approving].
func (s Step) Approves() bool { return s.approves }
