package jira

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// CreateIn are the arguments of jira_create_issue.
type CreateIn struct {
	At
	Project     string       `json:"project" doc:"The key of the project, e.g. AAP." pattern:"^[A-Z][A-Z0-9_]+$" trusted:"true"`
	Type        string       `json:"type,omitempty" doc:"The name of the issue type, or its id: names are translated, ids are not." default:"Task"`
	Summary     string       `json:"summary" doc:"The summary: one line of at most 255 characters."`
	Description string       `json:"description,omitempty" doc:"The description, in Jira's own markup, sent unchanged." cosmetic:"true"`
	Labels      []string     `json:"labels,omitempty" doc:"Labels, without spaces. One more is added, by which the issue is found again, if the project's create screen has labels."`
	Components  []string     `json:"components,omitempty" doc:"The names of components of the project."`
	Fields      types.Values `json:"fields,omitempty" doc:"Further fields by id, e.g. customfield_10010, sent unchanged. issuetype and components can be given here instead of as arguments."`
}

// CreateOut is the result of jira_create_issue.
type CreateOut struct {
	Key     string `json:"key" doc:"The key of the issue, e.g. AAP-61250." pattern:"^[A-Z][A-Z0-9_]+-[1-9][0-9]*$"`
	ID      string `json:"id" doc:"Jira's numeric id of the issue."`
	URL     string `json:"url" doc:"The URL of the issue in the browser." format:"uri"`
	Status  string `json:"status" doc:"The status of the issue, e.g. To Do."`
	Created bool   `json:"created" doc:"Whether this step created it; false when it existed already."`
}

func label(key step.Key) string { return labelPrefix + key.String() }

func (c *client) out(i issue, created bool) CreateOut {
	return CreateOut{Key: i.Key, ID: i.ID, URL: c.browse(i.Key), Status: i.Fields.Status.Name, Created: created}
}

// payload are the fields as Jira wants them, with more labels.
func (in CreateIn) payload(more ...string) map[string]any {
	fields := map[string]any{
		"project":   map[string]string{"key": in.Project},
		"issuetype": in.issueType(),
		"summary":   in.Summary,
	}
	if labels := slices.Concat(in.Labels, more); len(labels) > 0 {
		fields["labels"] = labels
	}
	for id, v := range in.Fields {
		fields[id] = v
	}
	if in.Description != "" {
		fields["description"] = in.Description
	}
	if len(in.Components) > 0 {
		list := make([]named, len(in.Components))
		for i, name := range in.Components {
			list[i] = named{name}
		}
		fields["components"] = list
	}
	return fields
}

func (in CreateIn) kind() string { return cmp.Or(in.Type, "Task") }

// issueType names the type to Jira: all digits are an id.
func (in CreateIn) issueType() kind {
	if isID(in.kind()) {
		return kind{ID: in.kind()}
	}
	return kind{Name: in.kind()}
}

// whatKind says for people what is filed.
func (in CreateIn) whatKind() string {
	if _, given := in.Fields["issuetype"]; given || isID(in.kind()) {
		return "an issue"
	}
	return "a " + in.kind()
}

// isID reports whether a name that a person gave is one of Jira's own numbers.
func isID(name string) bool { return name != "" && strings.Trim(name, "0123456789") == "" }

// check refuses what Jira would refuse, and what is ours to set.
func (in CreateIn) check(unknown step.UnknownPaths) error {
	if !unknown.Overlaps("summary") {
		if err := oneLine("summary", in.Summary); err != nil {
			return err
		}
	}
	for _, l := range in.Labels {
		if err := checkLabel(l); err != nil {
			return err
		}
	}
	for _, id := range types.SortedKeys(in.Fields) {
		if slices.Contains([]string{"project", "summary", "description", "labels"}, id) || id == "components" && len(in.Components) > 0 {
			return types.Errorf(types.BadInput, "field %s has an argument of its own", id).
				WithHint("use that argument instead of fields")
		}
	}
	return nil
}

func checkLabel(l string) error {
	switch {
	case l == "" || strings.ContainsFunc(l, unicode.IsSpace):
		return types.Errorf(types.BadInput, "label %q is empty or has a space in it", l).
			WithHint("write it as one word, e.g. with - in place of the space")
	case strings.HasPrefix(l, labelPrefix):
		return types.Errorf(types.BadInput, "label %q begins with %s, which is reserved", l, labelPrefix).
			WithHint("leave it out: skillrun adds its own label")
	}
	return nil
}

// maxLine is Jira's limit for a summary and for a link's title.
const maxLine = 255

// oneLine refuses a text that is empty, long, or not one visible line.
func oneLine(name, text string) error {
	n := len(utf16.Encode([]rune(text)))
	switch {
	case strings.TrimSpace(text) == "":
		return types.Errorf(types.BadInput, "the %s is empty", name).
			WithHint("give it a text; see which input or result it comes from")
	case strings.ContainsFunc(text, breaksLine):
		return types.Errorf(types.BadInput, "the %s is not one line: %q", name, clip(text)).
			WithHint("use only the first line of the value")
	case n > maxLine:
		return types.Errorf(types.BadInput, "the %s has %d characters, and Jira takes %d", name, n, maxLine).
			WithHint("shorten it")
	}
	return nil
}

func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// previewCreate says what would be filed, without asking Jira.
func previewCreate(ctx context.Context, in CreateIn, unknown step.UnknownPaths) (step.Prediction[CreateOut], error) {
	s := shown{unknown: unknown}
	s.add("project", in.Project)
	s.add("type", in.kind())
	s.add("summary", in.Summary)
	s.add("labels", strings.Join(in.Labels, ", "))
	s.add("components", strings.Join(in.Components, ", "))
	s.addFields(in.Fields)
	s.add("description", in.Description)
	open := step.UnknownPaths{"key", "id", "url", "status"}
	if step.CallOf(ctx).Presumed {
		open = append(open, "created")
	}
	return step.Prediction[CreateOut]{
		Change:  step.Change{Title: "file " + s.value("type", in.whatKind(), "an issue") + " in " + s.value("project", in.Project, "a project"), Fields: s.fields},
		Out:     CreateOut{Created: true},
		Unknown: open,
	}, nil
}

// shown gathers the fields of a change. An argument that is not all known yet
// is left out: the plan shows as much of it as is known.
type shown struct {
	unknown step.UnknownPaths
	fields  []step.FieldChange
}

func (s *shown) value(name, value, otherwise string) string {
	if s.unknown.Overlaps(name) {
		return otherwise
	}
	return value
}

func (s *shown) add(name, value string) {
	if value = s.value(name, value, ""); value != "" {
		s.fields = append(s.fields, step.FieldChange{Name: name, Value: value})
	}
}

// addFields adds what is given by id.
func (s *shown) addFields(fields types.Values) {
	if s.unknown.Overlaps("fields") {
		return
	}
	for _, id := range types.SortedKeys(fields) {
		s.add("fields."+id, types.Show(fields[id]))
	}
}

// difference says in words how an issue differs from the arguments.
func (in CreateIn) difference(i issue) string {
	words := in.differences(i)
	if words == nil {
		return i.Key + " was filed with other arguments than now"
	}
	return i.Key + " was filed with other arguments: " + strings.Join(words, "; ")
}

// differences are those that can be seen.
func (in CreateIn) differences(i issue) (words []string) {
	say := func(name, is, want string) {
		if is != want {
			words = append(words, fmt.Sprintf("its %s is %q, not %q", name, is, want))
		}
	}
	say("summary", i.Fields.Summary, in.Summary)
	if _, given := in.Fields["issuetype"]; !given && !i.Fields.Type.is(in.kind()) {
		say("type", i.Fields.Type.Name, in.kind())
	}
	say("labels", sorted(foreignLabels(i.Fields.Labels)), sorted(in.Labels))
	if _, given := in.Fields["components"]; !given {
		say("components", sorted(i.components()), sorted(in.Components))
	}
	return words
}

func foreignLabels(labels []string) []string {
	return slices.DeleteFunc(slices.Clone(labels), func(l string) bool { return strings.HasPrefix(l, labelPrefix) })
}

func sorted(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), ", ") }

// undone reports whether the issue was closed by an undo. One that someone has
// reopened since is not.
func (i issue) undone() bool {
	m, _ := parseMarker(i.Properties[property])
	return m.Undone && i.done()
}
