//lint:file-ignore ST1005 these messages are Jira's own, word for word

package jiratest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
)

// status is one column of the boards.
type status struct{ ID, Name, Category string }

func statuses() []status {
	return []status{
		{"10000", "To Do", "new"},
		{"10001", "In Progress", "indeterminate"},
		{"10002", "Done", "done"},
	}
}

func statusNamed(name string) (status, bool) {
	all := statuses()
	i := slices.IndexFunc(all, func(s status) bool { return s.Name == name })
	if i < 0 {
		return status{}, false
	}
	return all[i], true
}

// free is the workflow in which every status is reached from everywhere.
func free() []Transition {
	var list []Transition
	for _, st := range statuses() {
		list = append(list, Transition{Name: st.Name, To: st.Name})
	}
	return list
}

func (t Transition) open(from string) bool { return t.From == nil || slices.Contains(t.From, from) }

// transitionID is the number of the n-th transition of a project.
func transitionID(n int) string { return strconv.Itoa(11 + 10*n) }

func keysOf[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (s *Server) getTransitions(c call) reply {
	i := s.seen(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	p, _ := s.project(i.Project)
	list := []map[string]any{}
	for n, t := range p.Transitions {
		if t.open(i.Status) && !p.denies("TRANSITION_ISSUES") {
			list = append(list, s.transitionBean(c, transitionID(n), t))
		}
	}
	return reply{status: http.StatusOK, body: map[string]any{"expand": "transitions", "transitions": list}}
}

func (s *Server) transitionBean(c call, id string, t Transition) map[string]any {
	to, _ := statusNamed(t.To)
	bean := map[string]any{"id": id, "name": t.Name, "to": to.bean(c.base)}
	if s.cloud() {
		maps.Copy(bean, map[string]any{"hasScreen": len(t.Fields) > 0, "isAvailable": true, "isConditional": false, "isGlobal": t.From == nil, "isInitial": false, "isLooped": false})
	}
	if slices.Contains(names(c.URL.Query()["expand"]), "transitions.fields") {
		fields := map[string]any{}
		for _, id := range keysOf(t.Fields) {
			fields[id] = s.fieldBean(c.base, id, t.Fields[id])
		}
		bean["fields"] = fields
	}
	return bean
}

// fieldBean is a field of a screen. Cloud names it twice.
func (s *Server) fieldBean(base, id string, f Field) map[string]any {
	bean := map[string]any{
		"required": f.Required, "hasDefaultValue": f.Default, "name": f.Name, "fieldId": id,
		"operations": []string{"set"}, "schema": map[string]any{"type": "string", "system": id},
	}
	if s.cloud() {
		bean["key"] = id
	}
	if f.Allowed != nil {
		list := []map[string]any{}
		for n, name := range f.Allowed {
			list = append(list, map[string]any{"self": base + "/rest/api/2/" + id + "/" + strconv.Itoa(n+1), "id": strconv.Itoa(n + 1), "name": name})
		}
		bean["allowedValues"] = list
	}
	return bean
}

// transitionRequest is the body of a transition.
type transitionRequest struct {
	id         string
	fields     map[string]any
	properties map[string]json.RawMessage
}

func (s *Server) postTransition(c call) reply {
	i := s.seen(c.PathValue("key"))
	if i == nil {
		return noIssue()
	}
	req, refused := parseTransition(c.body)
	if refused != nil {
		return *refused
	}
	p, _ := s.project(i.Project)
	for n, t := range p.Transitions {
		if transitionID(n) == req.id && t.open(i.Status) && !p.denies("TRANSITION_ISSUES") {
			return s.transit(i, t, req)
		}
	}
	return refuse(http.StatusBadRequest, fmt.Sprintf("Transition id '%s' is not valid for this issue.", req.id))
}

func (s *Server) transit(i *issue, t Transition, req transitionRequest) reply {
	if errs := t.refuse(req.fields); len(errs) > 0 {
		return refuseFields(errs)
	}
	if i.Custom == nil {
		i.Custom = map[string]any{}
	}
	maps.Copy(i.Custom, req.fields)
	maps.Copy(i.Properties, req.properties)
	s.setStatus(i, t.To)
	return reply{status: http.StatusNoContent, changed: true}
}

// refuse checks the fields against the screen.
func (t Transition) refuse(fields map[string]any) map[string]string {
	errs := map[string]string{}
	for id := range fields {
		if _, there := t.Fields[id]; !there {
			errs[id] = notOnScreen(id)
		}
	}
	for id, f := range t.Fields {
		given, ok := fields[id]
		value, _ := given.(map[string]any)
		name, _ := value["name"].(string)
		switch {
		case !ok && f.Required && !f.Default:
			errs[id] = f.Name + " is required."
		case ok && f.Allowed != nil && !slices.Contains(f.Allowed, name):
			errs[id] = fmt.Sprintf("The %s '%s' is not valid.", id, name)
		}
	}
	return errs
}

func parseTransition(body []byte) (transitionRequest, *reply) {
	var raw map[string]json.RawMessage
	req := transitionRequest{properties: map[string]json.RawMessage{}}
	var chosen struct{ ID string }
	if json.Unmarshal(body, &raw) != nil ||
		raw["transition"] != nil && json.Unmarshal(raw["transition"], &chosen) != nil ||
		raw["fields"] != nil && json.Unmarshal(raw["fields"], &req.fields) != nil {
		bad := badJSON()
		return req, &bad
	}
	req.id = chosen.ID
	if bad := unknownKeys(raw, "transition", "fields", "update", "historyMetadata", "properties"); bad != nil {
		return req, bad
	}
	return req, parseProperties(raw["properties"], req.properties)
}
