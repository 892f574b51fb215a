package gitlabtest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// kind is the type of a parameter.
type kind int

const (
	text kind = iota
	integer
	boolean
	integers  // a list, or one value
	labelList // a list, or text with commas
)

// spec is the parameters that a route documents.
type spec map[string]kind

// params are a request's parameters, of the kinds that the spec names.
type params map[string]any

func pages(s spec) spec {
	out := spec{"page": integer, "per_page": integer, "pagination": text, "page_token": text}
	maps.Copy(out, s)
	return out
}

func usersSpec() spec {
	return pages(spec{"username": text, "active": boolean, "search": text})
}

func listSpec() spec {
	return pages(spec{
		"state": text, "order_by": text, "sort": text, "labels": labelList, "search": text, "in": text, "view": text, "scope": text,
		"iids[]": integers, "source_branch": text, "target_branch": text, "author_username": text, "author_id": integer,
		"reviewer_username": text, "wip": text, "draft": boolean, "with_merge_status_recheck": boolean,
	})
}

func optionalSpec(s spec) spec {
	out := spec{
		"description": text, "labels": labelList, "remove_source_branch": boolean, "squash": boolean,
		"assignee_id": integer, "assignee_ids": integers, "reviewer_ids": integers, "milestone_id": integer,
		"allow_collaboration": boolean,
	}
	maps.Copy(out, s)
	return out
}

func createSpec() spec {
	return optionalSpec(spec{"title": text, "source_branch": text, "target_branch": text, "target_project_id": integer})
}

func updateSpec() spec {
	return optionalSpec(spec{
		"title": text, "target_branch": text, "state_event": text, "discussion_locked": boolean,
		"add_labels": labelList, "remove_labels": labelList,
	})
}

func pipelinesSpec() spec {
	return pages(spec{"ref": text, "sha": text, "status": text, "source": text, "order_by": text, "sort": text})
}

func mergeSpec() spec {
	return spec{
		"merge_commit_message": text, "squash_commit_message": text, "sha": text, "squash": boolean,
		"should_remove_source_branch": boolean, "merge_when_pipeline_succeeds": boolean,
	}
}

func (p params) has(name string) bool    { _, given := p[name]; return given }
func (p params) text(name string) string { t, _ := p[name].(string); return t }
func (p params) ints(name string) []int  { l, _ := p[name].([]int); return l }
func (p params) list(name string) []string {
	l, _ := p[name].([]string)
	return l
}

func (p params) number(name string, otherwise int) int {
	if n, given := p[name].(int); given {
		return n
	}
	return otherwise
}

func (p params) flag(name string) bool { b, _ := p[name].(bool); return b }

// missing names the required parameters that are not there, as GitLab does.
func (p params) missing(names ...string) *answer {
	var gone []string
	for _, n := range names {
		if !p.has(n) {
			gone = append(gone, n+" is missing")
		}
	}
	if gone == nil {
		return nil
	}
	a := failure(http.StatusBadRequest, strings.Join(gone, ", "))
	return &a
}

const maxBody = 10 << 20

// readParams reads the query and the body, which may be JSON or a form.
func readParams(r *http.Request, want spec) (params, *answer) {
	raw := map[string]any{}
	fromQuery(raw, r.URL.Query())
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body does not arrive")
	case len(body) > maxBody:
		return nil, refuse(http.StatusRequestEntityTooLarge, "Request Entity Too Large")
	}
	if err := fromBody(raw, body, r.Header.Get("Content-Type")); err != nil {
		return nil, refuse(http.StatusBadRequest, "message body does not match declared format")
	}
	out := params{}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		k, known := want[name]
		v, fits := convert(k, raw[name])
		if !known || !fits {
			return nil, refuse(http.StatusBadRequest, name+" is invalid")
		}
		out[name] = v
	}
	return out, nil
}

func refuse(status int, msg string) *answer {
	a := failure(status, msg)
	return &a
}

func fromQuery(raw map[string]any, q url.Values) {
	for name, values := range q {
		list := make([]any, len(values))
		for i, v := range values {
			list[i] = v
		}
		raw[name] = list[0]
		if strings.HasSuffix(name, "[]") {
			raw[name] = list
		}
	}
}

func fromBody(raw map[string]any, body []byte, contentType string) error {
	if len(body) == 0 {
		return nil
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		q, err := url.ParseQuery(string(body))
		fromQuery(raw, q)
		return err
	}
	if !strings.HasPrefix(contentType, "application/json") {
		return errors.New("neither JSON nor a form")
	}
	return json.Unmarshal(body, &raw)
}

// convert makes v the kind it should be, as far as GitLab would.
func convert(k kind, v any) (any, bool) {
	switch k {
	case text:
		s, fits := v.(string)
		return s, fits
	case integer:
		return toInt(v)
	case boolean:
		return toBool(v)
	case integers:
		return toInts(v)
	}
	return toLabels(v)
}

func toInt(v any) (int, bool) {
	switch v := v.(type) {
	case float64:
		return int(v), v == float64(int(v))
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

func toBool(v any) (bool, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		b, err := strconv.ParseBool(v)
		return b, err == nil
	}
	return false, false
}

func toInts(v any) ([]int, bool) {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	out := []int{}
	for _, e := range list {
		n, fits := toInt(e)
		if !fits {
			return nil, false
		}
		out = append(out, n)
	}
	return out, true
}

func toLabels(v any) ([]string, bool) {
	list, isList := v.([]any)
	if s, isText := v.(string); isText {
		for part := range strings.SplitSeq(s, ",") {
			list = append(list, part)
		}
		isList = true
	}
	out := []string{}
	for _, e := range list {
		s, fits := e.(string)
		if !fits {
			return nil, false
		}
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out, isList
}
