package jira

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// project looks at one project: is it seen, what may the account do in it, and
// are the issues of the skill such as the project takes?
func (e *examination) project(ctx context.Context, key string, n *need) {
	subject := "project " + key
	var got struct {
		Key  string `json:"key"`
		Name string `json:"name"`
	}
	err := e.client.get(ctx, "project/"+url.PathEscape(key), nil, "read project "+key, &got)
	switch {
	case types.CodeOf(err) == types.NotFound:
		err = types.AsError(err).WithHint("check the key of the project, and ask its administrator for the permission Browse Projects")
	case err == nil && got.Key == "":
		err = types.Errorf(types.Unavailable, "read project %s: the answer is not a project", key).WithHint(notJira)
	}
	if !e.check(subject, cmp.Or(got.Name, key)+" is visible", err) || !e.permissions(ctx, key, n.permissions) {
		return
	}
	for _, u := range n.creates {
		e.screen(ctx, key, u)
	}
}

func (e *examination) permissions(ctx context.Context, key string, wanted []string) bool {
	subject := "permissions in " + key
	var got struct {
		Permissions map[string]struct {
			Name string `json:"name"`
			Have bool   `json:"havePermission"`
		} `json:"permissions"`
	}
	q := url.Values{"projectKey": {key}, "permissions": {strings.Join(wanted, ",")}}
	err := e.client.get(ctx, "mypermissions", q, "read the permissions in "+key, &got)
	if err != nil {
		return e.check(subject, "", err)
	}
	var has, lacks []string
	for _, p := range wanted {
		name := cmp.Or(got.Permissions[p].Name, p)
		if got.Permissions[p].Have {
			has = append(has, name)
		} else {
			lacks = append(lacks, name)
		}
	}
	if lacks != nil {
		err = types.Errorf(types.Forbidden, "the account lacks in %s: %s", key, strings.Join(lacks, ", ")).
			WithHint("ask the administrator of %s for this permission", key)
		return e.check(subject, "", err)
	}
	e.passed(subject, strings.Join(has, ", "))
	return true
}

// screen checks what a step files against the type of issue and its screen.
func (e *examination) screen(ctx context.Context, key string, u step.Use) {
	if slices.Contains(u.Unknown, "type") {
		e.skip("screen of the step "+u.Node, "which type of issue it files is known when it runs")
		return
	}
	in := CreateIn{Type: u.Text("type")}
	in.Fields, _ = u.Args["fields"].(map[string]any)
	subject := "screen of " + in.kind() + " in " + key
	kinds, err := e.client.createTypes(ctx, key)
	if err != nil {
		e.check(subject, "", err)
		return
	}
	i := slices.IndexFunc(kinds, in.means)
	if i < 0 {
		e.check(subject, "", types.Errorf(types.BadInput, "%s has no issue type %s that the account may create", key, in.kind()).
			WithHint("it has: %s; name one as type of the step %s", cmp.Or(kindNames(kinds), "none"), u.Node))
		return
	}
	fields, err := e.client.createFields(ctx, key, kinds[i].ID)
	if err == nil {
		err = demands(fields, u)
	}
	if e.check(subject, "the step "+u.Node+" gives the required fields", err) {
		e.marks(key, kinds[i].Name, fields, u)
	}
}

// marks says by which marks an issue that is filed now is found again, and
// refuses labels of the skill's own where there can be none.
func (e *examination) marks(key, kind string, fields []createField, u step.Use) {
	subject := "marks of " + kind + " in " + key
	labels, _ := u.Args["labels"].([]any)
	switch {
	case slices.ContainsFunc(fields, isLabels):
		e.passed(subject, "the label and the entity property")
	case len(labels) > 0:
		e.check(subject, "", types.Errorf(types.BadInput, "the create screen has no labels, but the step %s gives some", u.Node).
			WithHint("leave them out, or have the field Labels added to the create screen of %s in %s", kind, key))
	default:
		e.passed(subject, "the entity property alone: the screen has no labels")
	}
}

// demands names the fields without which Jira refuses what a step files. What
// has an argument of its own may be known only when the skill runs, and counts
// as given, as does a field whose value is known only then. The reporter is
// filled in by Jira: Data Center says that it is required all the same.
func demands(fields []createField, u step.Use) error {
	given, known := u.Args["fields"].(map[string]any)
	if _, there := u.Args["fields"]; there && !known || !known && slices.Contains(u.Unknown, "fields") {
		return nil
	}
	var missing []string
	for _, f := range fields {
		own := slices.Contains([]string{"project", "issuetype", "summary", "labels", "description", "components", "reporter"}, f.ID)
		if _, there := given[f.ID]; f.demanded() && !there && !own {
			missing = append(missing, f.describe(f.ID))
		}
	}
	if missing == nil {
		return nil
	}
	return types.Errorf(types.BadInput, "jira requires fields that the step %s does not give: %s", u.Node, strings.Join(missing, "; ")).
		WithHint("give them under fields of the step %s, by id", u.Node)
}

func kindNames(kinds []kind) string {
	list := make([]string, len(kinds))
	for n, k := range kinds {
		list[n] = k.Name
	}
	return strings.Join(list, ", ")
}

// createField is a field of the screen on which an issue is filed.
type createField struct {
	ID string `json:"fieldId"`
	screenField
}

func (c *client) createTypes(ctx context.Context, project string) ([]kind, error) {
	return all[kind](ctx, c, "issue/createmeta/"+url.PathEscape(project)+"/issuetypes", "read the issue types of "+project)
}

func (c *client) createFields(ctx context.Context, project, kind string) ([]createField, error) {
	path := "issue/createmeta/" + url.PathEscape(project) + "/issuetypes/" + url.PathEscape(kind)
	return all[createField](ctx, c, path, "read the create screen of "+project)
}

// listPage is a page of a list about filing, by the name of each deployment.
type listPage[T any] struct {
	Types  []T `json:"issueTypes"` // Cloud
	Fields []T `json:"fields"`     // Cloud
	Values []T `json:"values"`     // Data Center
	Total  int `json:"total"`
}

func all[T any](ctx context.Context, c *client, path, what string) ([]T, error) {
	var list []T
	for range maxPages {
		q := url.Values{"startAt": {strconv.Itoa(len(list))}, "maxResults": {strconv.Itoa(pageSize)}}
		var p listPage[T]
		if err := c.get(ctx, path, q, what, &p); err != nil {
			return nil, err
		}
		more := slices.Concat(p.Types, p.Fields, p.Values)
		if list = append(list, more...); len(more) == 0 || len(list) >= p.Total {
			break
		}
	}
	return list, nil
}
