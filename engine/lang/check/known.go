package check

import (
	"maps"
	"slices"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/types"
)

// known is what the steps that have run come to in a scope, whatever conditions hold.
// It grows with them, and is never changed: hundreds of scopes share what they have in
// common.
type known struct {
	fields []types.Field // of `steps`, each optional where its step may not have run
	used   *int          // how much of the array behind fields is taken
	maybe  []conditional
	given  map[string][]string              // the conditions of each of maybe, by its id
	sets   map[string]map[string]expr.Trust // how far the values can be trusted that steps name
}

// conditional is a step that is present where all of its conditions hold.
type conditional struct {
	*result
	at int // in fields
}

func newKnown(steps []*result) *known { return (&known{used: new(int)}).with(steps) }

// with is all that and further steps.
func (k *known) with(steps []*result) *known {
	out := *k
	if *k.used != len(k.fields) { // others go on from here, too
		out.fields, out.used = slices.Clone(k.fields), new(int)
	}
	for _, r := range steps {
		if !r.unsure && len(r.parts) > 0 {
			out.maybe = append(slices.Clip(out.maybe), conditional{r, len(out.fields)})
			out.given = maps.Clone(out.given)
			if out.given == nil {
				out.given = map[string][]string{}
			}
			out.given[r.id] = r.parts
		}
		if r.trust != nil {
			out.sets = maps.Clone(out.sets)
			if out.sets == nil {
				out.sets = map[string]map[string]expr.Trust{}
			}
			out.sets[r.id] = r.trust
		}
		out.fields = append(out.fields, types.Field{Name: r.id, Type: r.optional()})
	}
	*out.used = len(out.fields)
	return &out
}

// under are the steps that can be read where conditions hold, and further conditions
// of each.
func (k *known) under(conditions []condition) (steps types.Type, given map[string][]string) {
	fields, given := slices.Clip(k.fields), k.given
	holds := map[string]bool{}
	for _, cond := range conditions {
		for _, p := range cond.parts {
			holds[p] = true
		}
	}
	own := false
	for _, m := range k.maybe {
		if !slices.ContainsFunc(m.parts, func(p string) bool { return holds[p] }) {
			continue
		}
		if !own {
			fields, given, own = slices.Clone(fields), maps.Clone(given), true
		}
		r := *m.result
		r.parts = slices.DeleteFunc(slices.Clone(r.parts), func(p string) bool { return holds[p] })
		if given[r.id] = r.parts; len(r.parts) == 0 {
			delete(given, r.id)
		}
		fields[m.at].Type = r.optional()
	}
	return types.Type{Kind: types.Object, Fields: fields}, given
}
