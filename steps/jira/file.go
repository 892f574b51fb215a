package jira

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/rest"
)

// file sends the issue. One that this run has just filed, and that a field names,
// such as the parent, Jira may not see yet: it refuses the field, and is asked
// again.
func (c *client) file(ctx context.Context, what string, in CreateIn, mark marker, labels ...string) (issue, error) {
	send := func() (issue, error) { return c.createIssue(ctx, what, in.payload(labels...), mark) }
	filed, err := send()
	thing := in.refusedOwn(ctx, err)
	if thing == "" {
		return filed, err
	}
	first, refused := true, err
	return rest.Settled(ctx, thing, thing, func(err error) bool { return in.refusedOwn(ctx, err) != "" }, func() (issue, error) {
		if first {
			first = false
			return issue{}, refused
		}
		return send()
	})
}

// refusedOwn is the issue of this run for which Jira refuses the fields that name
// it, "" when that is not why.
func (in CreateIn) refusedOwn(ctx context.Context, err error) string {
	made := step.CallOf(ctx).Made
	if types.CodeOf(err) != types.BadInput || made == nil || in.labelRefused(err) {
		return ""
	}
	refused, _ := types.AsError(err).Details["fields"].([]any)
	for _, id := range types.SortedKeys(in.Fields) {
		field := slices.Contains(refused, any(id)) || slices.Contains(refused, any(id+"Id")) // parent is parentId there
		for _, thing := range issuesIn(in.Fields[id]) {
			if made(thing) && (field || strings.Contains(err.Error(), thing)) {
				return thing
			}
		}
	}
	return ""
}

// issuesIn are the keys of issues in a value, and what may be the id of one.
func issuesIn(v any) (out []string) {
	switch v := v.(type) {
	case string:
		if isID(v) {
			return []string{v}
		}
		return keyIn().FindAllString(v, -1)
	case []any:
		for _, e := range v {
			out = append(out, issuesIn(e)...)
		}
	case map[string]any:
		for _, name := range types.SortedKeys(v) {
			out = append(out, issuesIn(v[name])...)
		}
	}
	return out
}

// create files the issue and reads it again: an answer that names an issue
// without our marker names another one.
func (c *client) create(ctx context.Context, in CreateIn) (CreateOut, error) {
	var none CreateOut
	call, err := callWithKey(ctx)
	if err != nil {
		return none, err
	}
	mark := markerOf(call)
	what := "file an issue in " + in.Project
	filed, err := c.file(ctx, what, in, mark, label(call.Key))
	if in.labelRefused(err) {
		return c.createUnlabelled(ctx, what, in, mark)
	}
	if err != nil {
		return none, err
	}
	return c.created(ctx, what, filed, in, mark)
}

// createUnlabelled files the issue without a label. A lookup by label proved
// nothing here, so those that were filed without one are looked through first.
func (c *client) createUnlabelled(ctx context.Context, what string, in CreateIn, mark marker) (CreateOut, error) {
	var none CreateOut
	step.CallOf(ctx).Say(in.Project + " has no labels on its create screen: only the entity property " + property + " marks the issue")
	f, err := c.scan(ctx, step.CallOf(ctx).Key, in)
	switch {
	case err != nil:
		return none, err
	case f.State == step.StateExists:
		return f.Out, nil
	case f.State != step.StateAbsent:
		return none, types.Errorf(types.Conflict, "%s: it cannot be created without a label: %s", what, f.Why).
			WithHint("%s", cmp.Or(f.Hint, "check it; nothing was created now"))
	}
	filed, err := c.file(ctx, what, in, mark)
	if err != nil {
		return none, err
	}
	return c.created(ctx, what, filed, in, mark)
}
