package jira

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// MoveIn are the arguments of jira_transition.
type MoveIn struct {
	At
	Issue      string       `json:"issue" doc:"The key of the issue, e.g. AAP-61250." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
	Status     string       `json:"status" doc:"The name of the status to move it to, e.g. In Review, or its id: names are translated, ids are not."`
	Transition string       `json:"transition,omitempty" doc:"The name or the id of the transition, if several lead to the status."`
	Fields     types.Values `json:"fields,omitempty" doc:"Fields by id, e.g. resolution, sent unchanged."`
}

// MoveOut is the result of jira_transition.
type MoveOut struct {
	Issue          string `json:"issue" doc:"The key of the issue."`
	Status         string `json:"status" doc:"The name of the status it is in."`
	StatusCategory string `json:"status_category" doc:"The category of the status: new, indeterminate (in progress), done, or undefined if it has none." enum:"new,indeterminate,done,undefined"`
	URL            string `json:"url" doc:"The URL of the issue in the browser." format:"uri"`
	Changed        bool   `json:"changed" doc:"Whether this step moved it; false when it was in the status already."`
}

type transition struct {
	ID     string                 `json:"id"`
	Name   string                 `json:"name"`
	To     status                 `json:"to"`
	Fields map[string]screenField `json:"fields"`
}

type screenField struct {
	Required bool   `json:"required"`
	Default  bool   `json:"hasDefaultValue"`
	Name     string `json:"name"`
	Allowed  []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"allowedValues"`
}

// demanded reports whether Jira refuses a screen without the field.
func (f screenField) demanded() bool { return f.Required && !f.Default }

// describe names the field and what may be put into it.
func (f screenField) describe(id string) string {
	var values []string
	for _, a := range f.Allowed {
		values = append(values, cmp.Or(a.Name, a.Value))
	}
	text := id
	if f.Name != "" && f.Name != id {
		text += " (" + f.Name + ")"
	}
	if len(values) > 0 {
		text += " of " + clip(strings.Join(values, ", "))
	}
	return text
}

func (c *client) move(ctx context.Context, in MoveIn) (MoveOut, error) {
	var none MoveOut
	call, err := callWithKey(ctx)
	if err != nil {
		return none, err
	}
	t, err := c.way(ctx, in)
	if err != nil {
		return none, err
	}
	what := "move " + in.Issue + " to " + in.Status
	leave := []entityProperty{{movedBy(call.Key), markerOf(call)}, {movedLast(call.Key), lastMoveOf(call, in.Issue, t.To.ID)}}
	if err := c.transit(ctx, what, in.Issue, t, in.Fields, leave...); err != nil {
		return none, err
	}
	return c.moved(ctx, in), nil
}

// moved says where the issue is after Jira said yes. A yes is a yes: when
// someone, or the site's automation, moved it on meanwhile, the result shows
// that, and nothing is sent again.
func (c *client) moved(ctx context.Context, in MoveIn) MoveOut {
	now, err := c.issue(ctx, in.Issue)
	if err != nil {
		step.CallOf(ctx).Say(in.Issue + " was moved, but cannot be read now: " + types.AsError(err).Message)
		return MoveOut{Issue: in.Issue, Status: in.Status, StatusCategory: "undefined", URL: c.browse(in.Issue), Changed: true}
	}
	if !in.arrived(now) {
		step.CallOf(ctx).Say(in.Issue + " was moved to " + in.Status + ", and is " + now.Fields.Status.Name + " by now")
	}
	return c.moveOut(now, true)
}

func (c *client) moveOut(i issue, changed bool) MoveOut {
	return MoveOut{Issue: i.Key, Status: i.Fields.Status.Name, StatusCategory: i.Fields.Status.Category.Key,
		URL: c.browse(i.Key), Changed: changed}
}

func (in MoveIn) arrived(i issue) bool { return i.Fields.Status.is(in.Status) }

// is reports whether a person means this status by its name or its id.
func (s status) is(wanted string) bool { return strings.EqualFold(s.Name, wanted) || s.ID == wanted }

func (in MoveIn) check(unknown step.UnknownPaths) error {
	if !unknown.Overlaps("status") && strings.TrimSpace(in.Status) == "" {
		return types.Errorf(types.BadInput, "the status is empty").
			WithHint("name the status to move the issue to, as Jira shows it")
	}
	return nil
}

// way is the transition to the status, with a screen that the arguments fill.
func (c *client) way(ctx context.Context, in MoveIn) (transition, error) {
	all, err := c.transitions(ctx, in.Issue)
	if err != nil {
		return transition{}, err
	}
	fits := slices.DeleteFunc(slices.Clone(all), func(t transition) bool { return !t.To.is(in.Status) })
	fits = called(fits, in.Transition)
	switch len(fits) {
	case 0:
		return transition{}, types.Errorf(types.Conflict, "%s cannot be moved to %s from its status%s", in.Issue, in.Status, by(in.Transition)).
			WithHint("possible now: %s", cmp.Or(names(all), "nothing; the account may lack the right to move issues"))
	case 1:
		return fits[0], in.checkFields(fits[0])
	}
	return transition{}, types.Errorf(types.BadInput, "%d transitions lead %s to %s", len(fits), in.Issue, in.Status).
		WithHint("name one of them with transition: %s", names(fits))
}

// called are the transitions that a person means: all without a word, the one
// of that id, else those of that name.
func called(list []transition, wanted string) []transition {
	if i := slices.IndexFunc(list, func(t transition) bool { return t.ID == wanted }); i >= 0 {
		return list[i : i+1]
	}
	return slices.DeleteFunc(slices.Clone(list), func(t transition) bool { return wanted != "" && !strings.EqualFold(t.Name, wanted) })
}

func by(transition string) string {
	if transition == "" {
		return ""
	}
	return " by " + transition
}

// names are the transitions for people, with ids where names are shared.
func names(list []transition) string {
	words := make([]string, len(list))
	for n, t := range list {
		words[n] = fmt.Sprintf("%s (to %s)", t.Name, t.To.Name)
		if len(called(list, t.Name)) > 1 {
			words[n] = fmt.Sprintf("%s (to %s, id %s)", t.Name, t.To.Name, t.ID)
		}
	}
	return strings.Join(words, ", ")
}

// checkFields refuses a screen with holes. A field that the screen does not name is
// sent all the same: what Jira says of a screen is not all that it takes.
func (in MoveIn) checkFields(t transition) error {
	if missing := t.holes(in.Fields); missing != nil {
		return types.Errorf(types.BadInput, "the transition %s of %s requires fields that are not given: %s", t.Name, in.Issue, strings.Join(missing, "; ")).
			WithHint("give them under fields, by id, e.g. fields: {resolution: {name: Done}}")
	}
	return nil
}

// holes are the fields that the screen demands and that are not given.
func (t transition) holes(given types.Values) []string {
	var missing []string
	for _, id := range types.SortedKeys(t.Fields) {
		if _, there := given[id]; t.Fields[id].demanded() && !there {
			missing = append(missing, t.Fields[id].describe(id))
		}
	}
	return missing
}

// transitions are the ways that are open to the account now.
func (c *client) transitions(ctx context.Context, key string) ([]transition, error) {
	what := "read the transitions of " + key
	var got struct {
		Transitions *[]transition `json:"transitions"`
	}
	err := c.get(ctx, transitionsPath(key), url.Values{"expand": {"transitions.fields"}}, what, &got)
	if err != nil {
		return nil, err
	}
	if got.Transitions == nil {
		return nil, types.Errorf(types.Unavailable, "%s: the answer has no list of transitions", what).WithHint(notJira)
	}
	return *got.Transitions, nil
}

func transitionsPath(key string) string { return "issue/" + url.PathEscape(key) + "/transitions" }

// transit sends the one request. Jira answers 204 and no body; anything else is
// someone else's answer.
func (c *client) transit(ctx context.Context, what, key string, t transition, fields types.Values, leave ...entityProperty) error {
	body := map[string]any{"transition": map[string]string{"id": t.ID}}
	if len(leave) > 0 {
		body["properties"] = leave
	}
	if len(fields) > 0 {
		body["fields"] = fields
	}
	return c.post(ctx, transitionsPath(key), what, body, nil)
}

// findMoved reads the issue. In the status is done, whoever did it, and so is
// where a later transition of the same work has put it; elsewhere is not done,
// unless the issue says that it was there.
func (c *client) findMoved(ctx context.Context, key step.Key, in MoveIn) (step.Found[MoveOut], error) {
	var none step.Found[MoveOut]
	i, err := c.issue(ctx, in.Issue, movedBy(key), movedLast(key))
	if err != nil {
		return none, err
	}
	m, ours := parseMarker(i.Properties[movedBy(key)])
	switch ours = ours && m.Key == key.String(); {
	case ours && m.Digest != step.CallOf(ctx).Digest:
		return step.Drifted(i.Key, c.moveOut(i, false), i.Key+" was moved with other arguments than now, and is "+i.Fields.Status.Name), nil
	case in.arrived(i), i.movedOn(key):
		return step.Exists(i.Key, c.moveOut(i, false)), nil
	case ours:
		return step.Ended[MoveOut](i.Key, i.Key+" was moved to "+in.Status+", and is "+i.Fields.Status.Name+" now",
			"move it back and run this again, or use --again N to move it once more"), nil
	}
	return step.Absent[MoveOut](), nil
}

// previewMove says what would be moved, without asking Jira.
func (f family) previewMove(ctx context.Context, in MoveIn, unknown step.UnknownPaths) (step.Prediction[MoveOut], error) {
	s := shown{unknown: unknown}
	s.add("issue", in.Issue)
	s.add("status", in.Status)
	s.add("transition", in.Transition)
	s.addFields(in.Fields)
	p := step.Prediction[MoveOut]{
		Change:  step.Change{Title: "move " + s.value("issue", in.Issue, "an issue") + " to " + s.value("status", in.Status, "another status"), Fields: s.fields},
		Out:     MoveOut{Issue: in.Issue, Status: in.Status, Changed: true},
		Unknown: step.UnknownPaths{"status_category"},
	}
	if step.CallOf(ctx).Presumed {
		p.Unknown = append(p.Unknown, "changed") // it may be there already by then, as after a transition before this one
	}
	c, err := f.connect(in.Service)
	switch {
	case unknown.Overlaps("issue"), unknown.Overlaps("service"):
		p.Unknown = append(p.Unknown, "url")
	case err != nil:
		return step.Prediction[MoveOut]{}, err
	default:
		p.Out.URL = c.browse(in.Issue)
	}
	if isID(in.Status) {
		p.Unknown = append(p.Unknown, "status") // its name is Jira's to say
	}
	p.Unknown = append(p.Unknown, unknown.Of("issue", "status")...)
	return p, nil
}

// About is the issue.
func (in MoveIn) About() (what, thing string) { return in.Issue, in.Issue }
