package jira

import (
	"context"
	"fmt"
	"slices"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// An issue is filed with two marks, and not every site keeps both. A project
// may have no labels on the screen on which issues are filed: then Jira refuses
// the label, which is a definite no, and the entity property alone marks the
// issue, after those of this account were looked through for it. A Data Center
// may take the property and not keep it: then the label alone marks the issue,
// and who filed it tells it from a clone. Where neither is kept, Jira's yes is
// believed when the issue it names is the one that was sent; after a lost answer
// an issue that could be ours leaves the question to a person.

// labelRefused reports whether Jira refuses the label that is ours alone.
func (in CreateIn) labelRefused(err error) bool {
	if types.CodeOf(err) != types.BadInput || len(in.Labels) > 0 {
		return false
	}
	fields, _ := types.AsError(err).Details["fields"].([]any)
	return slices.Contains(fields, any("labels"))
}

// holds reports whether an issue that Jira says it filed is the one that was
// sent, and tells people when it holds less than both marks.
func (c *client) holds(ctx context.Context, i issue, in CreateIn, mark marker) bool {
	m, kept := parseMarker(i.Properties[property])
	switch {
	case kept:
		return m == mark
	case slices.Contains(i.Fields.Labels, labelPrefix+mark.Key):
		step.CallOf(ctx).Say("this Jira does not keep the entity property " + property + ": the label " + labelPrefix + mark.Key + " alone marks " + i.Key)
		return true
	case projectOf(i.Key) == in.Project && in.differences(i) == nil:
		step.CallOf(ctx).Say("this Jira keeps no marker: without the journal of this run, " + i.Key + " would not be found again")
		return true
	}
	return false
}

// twin reports whether i and made, which is reserved, come from one request.
func (i issue) twin(made issue, mark marker) bool {
	if m, kept := parseMarker(made.Properties[property]); kept {
		other, ok := parseMarker(i.Properties[property])
		return ok && other == m
	}
	return slices.Contains(i.Fields.Labels, labelPrefix+mark.Key)
}

// unmarked judges issues that have our label and not our property: the one of
// this work on a site that keeps no property, or clones. Ours is the only one,
// is what the arguments say, and was filed by this account.
func (c *client) unmarked(ctx context.Context, key step.Key, in CreateIn, copies []issue) (step.Found[CreateOut], error) {
	cannot := step.Inconclusive[CreateOut](fmt.Sprintf("%s has the label %s but was not filed by skillrun, as a clone would; remove the label, or resolve it with --found",
		list(copies), label(key)))
	if len(copies) > 1 || in.differences(copies[0]) != nil {
		return cannot, nil
	}
	if mine, err := c.filed(ctx, copies[0]); err != nil || !mine {
		return cannot, err
	}
	return c.judge(ctx, copies[0], in), nil
}

// filed reports whether this account filed the issue; nothing speaks against
// it where Jira does not say who did.
func (c *client) filed(ctx context.Context, i issue) (bool, error) {
	if i.Fields.Creator.id() == "" {
		return true, nil
	}
	me, err := c.me(ctx)
	return err == nil && me.id() == i.Fields.Creator.id(), err
}

// fresh reports whether an issue was made from the arguments of now: by the
// digest of its mark, else by what can be seen.
func (in CreateIn) fresh(ctx context.Context, i issue) bool {
	m, kept := parseMarker(i.Properties[property])
	if kept {
		return m.Digest == step.CallOf(ctx).Digest
	}
	return in.differences(i) == nil
}

// maxScanned is how many issues of this account are looked through.
const maxScanned = 1000

// scan looks through the issues of the project that this account filed, for
// one that is known by its property alone. Who filed an issue cannot be
// changed, and what the index does not know yet was read by number before.
func (c *client) scan(ctx context.Context, key step.Key, in CreateIn) (step.Found[CreateOut], error) {
	var none step.Found[CreateOut]
	hits, err := c.filedHere(ctx, in.Project)
	if err != nil {
		return none, err
	}
	all, complete, err := c.withProperties(ctx, in.Project, hits.issues)
	if err != nil {
		return none, err
	}
	var marked []issue
	for _, i := range all {
		if m, ok := parseMarker(i.Properties[property]); ok && m.Key == key.String() {
			marked = append(marked, i)
		}
	}
	switch {
	case len(marked) > 0:
		return c.again(ctx, key, in, marked)
	case hits.more || !complete:
		return step.Inconclusive[CreateOut](fmt.Sprintf("look in %s for an issue with the summary %q: its create screen has no labels, and this account created more issues than are searched",
			in.Project, in.Summary)), nil
	}
	return in.lookalike(ctx, all), nil
}

// filedHere searches for the issues that this account filed in a project, or
// for all of them where Jira does not take the question.
func (c *client) filedHere(ctx context.Context, project string) (hits, error) {
	const order = ` ORDER BY key DESC`
	what, fields := "search for the issues that this account filed in "+project, "summary,labels,issuetype,components,status,creator"
	clause := fmt.Sprintf(`project = "%s"`, project)
	found, err := c.search(ctx, what, clause+` AND creator = currentUser()`+order, fields, maxScanned)
	if types.CodeOf(err) == types.BadInput {
		return c.search(ctx, what, clause+order, fields, maxScanned)
	}
	return found, err
}

// withProperties reads one by one the issues of which the search did not say
// the properties. It is not complete when they are too many.
func (c *client) withProperties(ctx context.Context, project string, found []issue) (all []issue, complete bool, err error) {
	var bare []int
	for _, i := range found {
		if i.Properties == nil {
			bare = append(bare, numberOf(i.Key))
		} else {
			all = append(all, i)
		}
	}
	if len(bare) > maxProbes {
		return all, false, nil
	}
	for _, r := range c.issues(ctx, project, bare) {
		switch {
		case types.CodeOf(r.err) == types.NotFound: // deleted since it was indexed
		case r.err != nil:
			return nil, false, r.err
		default:
			all = append(all, r.issue)
		}
	}
	return all, true, nil
}

// again reads the issues again, with all that is judged, and judges them.
func (c *client) again(ctx context.Context, key step.Key, in CreateIn, marked []issue) (step.Found[CreateOut], error) {
	read, _, err := c.sort(ctx, key, keysOf(marked))
	if err != nil || len(read) == 0 {
		return step.Absent[CreateOut](), err
	}
	return c.one(ctx, key, in, read), nil
}

// lookalike asks a person, after a lost answer, about an issue that could be
// ours on a site where no issue holds a property of ours. Elsewhere, and before
// anything was sent, one that looks the same is someone's own.
func (in CreateIn) lookalike(ctx context.Context, all []issue) step.Found[CreateOut] {
	keeps := slices.ContainsFunc(all, func(i issue) bool {
		_, kept := parseMarker(i.Properties[property])
		return kept
	})
	n := slices.IndexFunc(all, func(i issue) bool { return !i.done() && in.differences(i) == nil })
	if keeps || n < 0 || !step.CallOf(ctx).AfterUnknown {
		return step.Absent[CreateOut]()
	}
	return step.Inconclusive[CreateOut](fmt.Sprintf("%s looks like it, but this Jira keeps no marker to tell", all[n].Key))
}

// takesLabels reports whether Jira says that issues of the type take labels.
func (c *client) takesLabels(ctx context.Context, in CreateIn) bool {
	kinds, err := c.createTypes(ctx, in.Project)
	i := slices.IndexFunc(kinds, in.means)
	if err != nil || i < 0 {
		return false
	}
	fields, err := c.createFields(ctx, in.Project, kinds[i].ID)
	return err == nil && slices.ContainsFunc(fields, isLabels)
}

func isLabels(f createField) bool { return f.ID == "labels" }

// means reports whether the arguments name this type of issue, as type or, by
// Jira's own form, under fields.
func (in CreateIn) means(k kind) bool {
	given, ok := in.Fields["issuetype"].(map[string]any)
	if !ok {
		return k.is(in.kind())
	}
	id, name := given["id"], given["name"]
	return id == any(k.ID) || id == nil && name == any(k.Name)
}

// ours reports whether an issue is that of the key: by its mark, or, where the
// site keeps none, by label and account.
func (c *client) ours(ctx context.Context, key step.Key, i issue) (bool, error) {
	if m, kept := parseMarker(i.Properties[property]); kept || !slices.Contains(i.Fields.Labels, label(key)) {
		return m.Key == key.String(), nil
	}
	return c.filed(ctx, i)
}
