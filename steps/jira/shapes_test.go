package jira_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The shapes of what no description available describes: the whole of Data
// Center, for which Atlassian gives no description that may be kept, and the
// operations of Cloud that the subset leaves out. They are written after
// Atlassian's reference pages, strict: a member that is not named is wrong.

// operation is one that is checked against hand-written shapes.
type operation struct {
	query   []string // the parameters that it takes
	body    func([]byte) error
	answers map[int]func([]byte) error // a status that is not named is wrong
}

// shape decodes strictly into T, and wants every named member to be there.
func shape[T any](needed ...string) func([]byte) error {
	return func(data []byte) error {
		d := json.NewDecoder(bytes.NewReader(data))
		d.DisallowUnknownFields()
		var v T
		if err := d.Decode(&v); err != nil {
			return err
		}
		var members map[string]json.RawMessage
		if len(needed) > 0 {
			if err := json.Unmarshal(data, &members); err != nil {
				return err
			}
		}
		for _, name := range needed {
			if members[name] == nil {
				return fmt.Errorf("member %q is missing", name)
			}
		}
		return nil
	}
}

func nothing(data []byte) error {
	if len(data) > 0 {
		return fmt.Errorf("a body where none belongs: %s", data)
	}
	return nil
}

type (
	anything = any

	ref struct {
		Self, ID, Key, Name string
		Subtask             *bool
	}
	statusShape struct {
		Self, ID, Name string
		StatusCategory struct {
			Self, Key, Name string
			ID              int
		}
	}
	propertyShape struct {
		Key   string
		Value anything
	}
	complaintShape struct {
		ErrorMessages []string
		Errors        map[string]string
	}
	datacenterUser struct {
		Self, Name, Key, DisplayName, TimeZone string
		Active                                 bool
	}
	createBody struct {
		Fields struct {
			Project              struct{ Key string }
			IssueType            struct{ Name string }
			Summary, Description string
			Labels               []string
			Components           []struct{ Name string }
			Points               json.Number `json:"customfield_1"`
		}
		Properties []propertyShape
	}
	issueShape struct {
		Self, ID, Key string
		Fields        struct {
			Summary, Description, Updated, ResolutionDate string
			Labels                                        []string
			IssueType                                     ref
			Components                                    []ref
			Creator                                       datacenterUser
			Status                                        statusShape
		}
		Properties map[string]anything
	}
	searchShape struct {
		StartAt, MaxResults, Total int
		Issues                     []issueShape
	}
	linkBody struct {
		GlobalID, Relationship string
		Object                 struct{ URL, Title, Summary string }
	}
	linkShape struct {
		Self, GlobalID, Relationship string
		ID                           int
		Object                       struct{ URL, Title, Summary string }
	}
	linkMade struct {
		Self string
		ID   int
	}
	commentBody struct {
		Body       string
		Properties []propertyShape
	}
	commentShape struct {
		Self, ID, Body, Created, Updated string
		Author, UpdateAuthor             datacenterUser
		Properties                       []propertyShape
	}
	anyUser struct {
		datacenterUser
		AccountID, AccountType string // Cloud only
	}
	anyComment struct {
		Self, ID, Body, Created, Updated string
		Author, UpdateAuthor             anyUser
		JsdPublic                        *bool // Cloud only
	}
	commentsShape struct {
		StartAt, MaxResults, Total int
		Comments                   []commentShape
	}
	moveBody struct {
		Transition struct{ ID string }
		Fields     map[string]anything
		Properties []propertyShape
	}
	fieldShape struct {
		Required, HasDefaultValue bool
		Name, FieldID             string
		Key                       *string // Cloud only
		Operations                []string
		Schema                    struct{ Type, System string }
		AllowedValues             []ref
	}
	waysShape struct {
		Expand      string
		Transitions []struct {
			ID, Name                                                             string
			To                                                                   statusShape
			Fields                                                               map[string]fieldShape
			HasScreen, IsAvailable, IsConditional, IsGlobal, IsInitial, IsLooped *bool // Cloud only
		}
	}
	projectShape struct {
		Self, ID, Key, Name    string
		IssueTypes, Components []ref
	}
	permissionsShape struct {
		Permissions map[string]struct {
			ID, Key, Name, Type, Description string
			HavePermission                   bool
		}
	}
	infoShape struct {
		BaseURL, Version, DeploymentType, BuildDate, ServerTime, ScmInfo, ServerTitle string
		VersionNumbers                                                                []int
		BuildNumber                                                                   int
	}
	cloudTypes struct {
		StartAt, MaxResults, Total int
		IssueTypes                 []ref
	}
	cloudFields struct {
		StartAt, MaxResults, Total int
		Fields                     []fieldShape
	}
	datacenterPage[T any] struct {
		StartAt, MaxResults, Total int
		IsLast                     bool
		Values                     []T
	}
)

// refusals adds the answers that say no in Jira's form.
func refusals(answers map[int]func([]byte) error, statuses ...int) map[int]func([]byte) error {
	for _, s := range statuses {
		answers[s] = shape[complaintShape]("errorMessages", "errors")
	}
	return answers
}

// linkOrLinks is one link when a global id is asked for, and else all.
func linkOrLinks(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return shape[[]linkShape]()(data)
	}
	return shape[linkShape]("id", "globalId", "object")(data)
}

// undoneMark is the mark of an issue that an undo ended.
type undoneMark struct {
	Key, Digest, Run string
	Undone           bool
}

func yes(status int, check func([]byte) error) map[int]func([]byte) error {
	return map[int]func([]byte) error{status: check}
}

// both are the operations that the deployments share.
func both() map[string]operation {
	return map[string]operation{
		"GET issue/{}/transitions":     {query: []string{"expand"}, answers: refusals(yes(200, shape[waysShape]("transitions")), 401, 404)},
		"POST issue/{}/transitions":    {body: shape[moveBody]("transition"), answers: refusals(yes(204, nothing), 400, 401, 404, 409)},
		"GET comment/{}/properties/{}": {answers: refusals(yes(200, shape[propertyShape]("key", "value")), 401, 404)},
		"PUT issue/{}/properties/{}":   {body: shape[undoneMark]("key", "undone"), answers: refusals(map[int]func([]byte) error{200: nothing, 201: nothing}, 400, 401, 403, 404)},
		"GET issue/{}/remotelink":      {query: []string{"globalId"}, answers: refusals(yes(200, linkOrLinks), 401, 404)},
		"DELETE issue/{}/remotelink":   {query: []string{"globalId"}, answers: refusals(yes(204, nothing), 400, 401, 403, 404)},
		"GET issue/{}/comment/{}":      {query: []string{"expand"}, answers: refusals(yes(200, shape[anyComment]("id", "body")), 401, 404)},
		"DELETE issue/{}/comment/{}":   {answers: refusals(yes(204, nothing), 400, 401, 403, 404)},
		"GET project/{}":               {answers: refusals(yes(200, shape[projectShape]("id", "key", "name")), 401, 404)},
		"GET serverInfo":               {answers: refusals(yes(200, shape[infoShape]("deploymentType", "version")), 401)},
		"GET mypermissions": {query: []string{"projectKey", "permissions"},
			answers: refusals(yes(200, shape[permissionsShape]("permissions")), 400, 401, 404)},
	}
}

// cloudRest are the operations of Cloud that the subset leaves out: it holds
// what files, comments, links and finds issues, and these came with moving
// issues, with undoing them and with the doctor.
func cloudRest() map[string]operation {
	ops := both()
	paged := []string{"startAt", "maxResults"}
	ops["GET issue/createmeta/{}/issuetypes"] = operation{query: paged, answers: refusals(yes(200, shape[cloudTypes]("issueTypes", "total")), 401, 404)}
	ops["GET issue/createmeta/{}/issuetypes/{}"] = operation{query: paged, answers: refusals(yes(200, shape[cloudFields]("fields", "total")), 401, 404)}
	return ops
}

// datacenterAll are all operations of Data Center that the steps use.
func datacenterAll() map[string]operation {
	ops := both()
	paged := []string{"startAt", "maxResults"}
	for name, op := range map[string]operation{
		"POST issue":                            {body: shape[createBody]("fields", "properties"), answers: refusals(yes(201, shape[ref]("id", "key", "self")), 400, 401)},
		"GET issue/{}":                          {query: []string{"fields", "properties"}, answers: refusals(yes(200, shape[issueShape]("id", "key", "fields")), 401, 404)},
		"GET search":                            {query: []string{"jql", "fields", "startAt", "maxResults"}, answers: refusals(yes(200, shape[searchShape]("issues", "total", "startAt")), 400, 401)},
		"POST issue/{}/remotelink":              {body: shape[linkBody]("globalId", "object"), answers: refusals(map[int]func([]byte) error{200: shape[linkMade]("id"), 201: shape[linkMade]("id")}, 400, 401, 404)},
		"GET issue/{}/comment":                  {query: []string{"startAt", "maxResults", "orderBy", "expand"}, answers: refusals(yes(200, shape[commentsShape]("comments", "total")), 401, 404)},
		"POST issue/{}/comment":                 {query: []string{"expand"}, body: shape[commentBody]("body"), answers: refusals(yes(201, shape[commentShape]("id", "body")), 400, 401, 404)},
		"GET myself":                            {answers: refusals(yes(200, shape[datacenterUser]("name", "displayName")), 401)},
		"GET issue/createmeta/{}/issuetypes":    {query: paged, answers: refusals(yes(200, shape[datacenterPage[ref]]("values", "total")), 401, 404)},
		"GET issue/createmeta/{}/issuetypes/{}": {query: paged, answers: refusals(yes(200, shape[datacenterPage[fieldShape]]("values", "total")), 401, 404)},
	} {
		ops[name] = op
	}
	return ops
}

// nameOf is the operation that a request asks for, "" when it is none of ops.
// More of a path in words wins: createmeta is no key of an issue.
func nameOf(ops map[string]operation, method, path string) string {
	best, words := "", -1
	have := strings.Split(strings.TrimPrefix(path, "/rest/api/2/"), "/")
	for name := range ops {
		verb, template, _ := strings.Cut(name, " ")
		if n := alike(strings.Split(template, "/"), have); verb == method && n > words {
			best, words = name, n
		}
	}
	return best
}

// alike counts the words that a path has of a template, -1 when it is another
// path.
func alike(template, path []string) int {
	if len(template) != len(path) {
		return -1
	}
	n := 0
	for i, word := range template {
		switch word {
		case path[i]:
			n++
		case "{}":
		default:
			return -1
		}
	}
	return n
}

// fault is what is wrong with an exchange, "" when nothing is.
func (o operation) fault(query url.Values, body []byte, status int, answer []byte) string {
	for name := range query {
		if !slices.Contains(o.query, name) {
			return "the request has the parameter " + name
		}
	}
	check := o.body
	if check == nil {
		check = nothing
	}
	if err := check(body); err != nil {
		return "the request: " + err.Error()
	}
	check, ok := o.answers[status]
	if !ok {
		return fmt.Sprintf("the answer is %d %s", status, http.StatusText(status))
	}
	if err := check(answer); err != nil {
		return "the answer: " + err.Error()
	}
	return ""
}
