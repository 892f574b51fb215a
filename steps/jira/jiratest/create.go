package jiratest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
)

// createRequest is the body of POST /issue.
type createRequest struct {
	fields     map[string]any
	properties map[string]json.RawMessage
}

func (s *Server) createIssue(c call) reply {
	req, refused := parseCreate(c.body)
	if refused != nil {
		return *refused
	}
	project, issueType, errs := s.place(req.fields)
	if len(errs) > 0 {
		return refuseFields(errs)
	}
	i := &issue{Project: project.Key, Type: issueType, Properties: req.properties, Custom: map[string]any{}}
	if errs := fill(i, project, req.fields); len(errs) > 0 {
		return refuseFields(errs)
	}
	if s.opts.DropsProperties {
		i.Properties = nil
	}
	s.add(i)
	return reply{http.StatusCreated, map[string]any{"id": i.ID, "key": i.Key, "self": c.issueURL(i)}, true}
}

func (c call) issueURL(i *issue) string { return c.base + "/rest/api/2/issue/" + i.ID }

func parseCreate(body []byte) (createRequest, *reply) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		bad := badJSON()
		return createRequest{}, &bad
	}
	if bad := unknownKeys(raw, "fields", "properties"); bad != nil {
		return createRequest{}, bad
	}
	req := createRequest{properties: map[string]json.RawMessage{}}
	if f := raw["fields"]; f != nil && json.Unmarshal(f, &req.fields) != nil {
		bad := badJSON()
		return req, &bad
	}
	bad := parseProperties(raw["properties"], req.properties)
	return req, bad
}

func unknownKeys(raw map[string]json.RawMessage, known ...string) *reply {
	var unknown []string
	for k := range raw {
		if !slices.Contains(known, k) {
			unknown = append(unknown, fmt.Sprintf("Unrecognized field %q", k))
		}
	}
	if unknown == nil {
		return nil
	}
	slices.Sort(unknown)
	bad := refuse(http.StatusBadRequest, unknown...)
	return &bad
}

func parseProperties(raw json.RawMessage, into map[string]json.RawMessage) *reply {
	if raw == nil {
		return nil
	}
	var list []map[string]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		bad := badJSON()
		return &bad
	}
	for _, p := range list {
		if bad := unknownKeys(p, "key", "value"); bad != nil {
			return bad
		}
		var key string
		if json.Unmarshal(p["key"], &key) != nil || key == "" || len(key) > 255 || p["value"] == nil {
			bad := refuse(http.StatusBadRequest, "A property needs a key of at most 255 characters and a value.")
			return &bad
		}
		into[key] = p["value"]
	}
	return nil
}

// place finds out where the issue goes. Jira looks at the other fields only
// when that is known.
func (s *Server) place(fields map[string]any) (Project, string, map[string]string) {
	given, _ := fields["project"].(map[string]any)
	if given == nil {
		return Project{}, "", map[string]string{"project": "Specify a valid project ID or key"}
	}
	key, _ := given["key"].(string)
	p, ok := s.project(key)
	if !ok || p.denies("BROWSE_PROJECTS") {
		return Project{}, "", map[string]string{"project": "valid project is required"}
	}
	if p.denies("CREATE_ISSUES") {
		return Project{}, "", map[string]string{"project": "You do not have permission to create issues in this project."}
	}
	name, why := p.issueType(fields["issuetype"])
	if why != "" {
		return p, "", map[string]string{"issuetype": why}
	}
	return p, name, nil
}

// issueType is the name of the type that is meant by name or id, or why there is
// none.
func (p Project) issueType(field any) (name, why string) {
	kind, _ := field.(map[string]any)
	if kind == nil {
		return "", "Specify an issue type"
	}
	if id, ok := kind["id"].(string); ok {
		n, err := strconv.Atoi(id)
		if n -= firstType; err != nil || n < 0 || n >= len(p.IssueTypes) {
			return "", "Specify a valid issue type"
		}
		return p.IssueTypes[n], ""
	}
	if name, _ = kind["name"].(string); !slices.Contains(p.IssueTypes, name) {
		return "", "Specify a valid issue type"
	}
	return name, ""
}

// firstType is the id of a project's first type of issue.
const firstType = 10001

// fill sets the fields of i and says what is wrong with each.
func fill(i *issue, p Project, fields map[string]any) map[string]string {
	errs := map[string]string{}
	for name, v := range fields {
		if why := set(i, p, name, v); why != "" {
			errs[name] = why
		}
	}
	if _, given := fields["summary"]; !given {
		errs["summary"] = "You must specify a summary of the issue."
	}
	for id, name := range p.RequiredFields {
		if fields[id] == nil {
			errs[id] = name + " is required."
		}
	}
	return errs
}

// set sets one field and returns why it cannot.
func set(i *issue, p Project, name string, v any) string {
	switch name {
	case "project", "issuetype":
		return ""
	case "summary":
		return setSummary(i, v)
	case "description":
		text, ok := v.(string)
		if !ok && v != nil {
			return "Operation value must be a string"
		}
		i.Description = text
		return ""
	case "labels":
		if p.NoLabels {
			return notOnScreen(name)
		}
		return setLabels(i, v)
	case "components":
		return setComponents(i, p, v)
	}
	if p.RequiredFields[name] == "" && p.OptionalFields[name] == "" {
		return notOnScreen(name)
	}
	i.Custom[name] = v
	return ""
}

func notOnScreen(id string) string {
	return fmt.Sprintf("Field '%s' cannot be set. It is not on the appropriate screen, or unknown.", id)
}

func setSummary(i *issue, v any) string {
	text, ok := v.(string)
	switch {
	case !ok:
		return "Operation value must be a string"
	case strings.TrimSpace(text) == "":
		return "You must specify a summary of the issue."
	case strings.ContainsAny(text, "\r\n"):
		return "The summary is invalid because it contains newline characters."
	case len(utf16.Encode([]rune(text))) > 255:
		return "Summary can't exceed 255 characters."
	}
	i.Summary = text
	return ""
}

func setLabels(i *issue, v any) string {
	list, ok := v.([]any)
	if !ok {
		return "data was not an array"
	}
	for n, e := range list {
		label, ok := e.(string)
		switch {
		case !ok:
			return fmt.Sprintf("string expected at index %d", n)
		case strings.ContainsFunc(label, unicode.IsSpace):
			return fmt.Sprintf("The label '%s' contains spaces which is invalid.", label)
		case len(label) > 255:
			return fmt.Sprintf("The label '%s' exceeds the maximum length for a single label (255 characters).", label)
		}
		i.Labels = append(i.Labels, label)
	}
	return ""
}

func setComponents(i *issue, p Project, v any) string {
	list, ok := v.([]any)
	if !ok {
		return "data was not an array"
	}
	for _, e := range list {
		m, _ := e.(map[string]any)
		name, _ := m["name"].(string)
		if !slices.Contains(p.Components, name) {
			return fmt.Sprintf("Component name '%s' is not valid", name)
		}
		i.Components = append(i.Components, name)
	}
	return ""
}

// isURL reports whether Jira takes text as the address of a remote link.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}
