package gitlabtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", gitlabtest.MaxDescription+1)
	for _, tc := range []struct {
		name, token, method, path, body string
		status                          int
		answer                          string
	}{
		{"no token", "", "GET", "user", "", 401, `{"message":"401 Unauthorized"}`},
		{"wrong token", "nope", "GET", "user", "", 401, `{"message":"401 Unauthorized"}`},
		{"no such route", "bot-token", "GET", "nothing", "", 404, `{"error":"404 Not Found"}`},
		{"no such method", "bot-token", "DELETE", "user", "", 405, `{"error":"405 Not Allowed"}`},
		{"unknown project", "bot-token", "GET", "projects/team%2Fgone", "", 404, `{"message":"404 Project Not Found"}`},
		{"hidden project", "bot-token", "GET", "projects/team%2Fsecret", "", 404, `{"message":"404 Project Not Found"}`},
		{"reader writes", "guest-token", "POST", mrs, create, 403, `{"message":"403 Forbidden"}`},
		{"moved project, write", "bot-token", "POST", "projects/old%2Fapp/merge_requests", create, 405, `{"message":"Non GET methods are not allowed for moved projects"}`},
		{"unknown merge request", "bot-token", "GET", mrs + "/99", "", 404, `{"message":"404 Not found"}`},
		{"no number", "bot-token", "GET", mrs + "/x", "", 400, `{"error":"merge_request_iid is invalid"}`},
		{"unknown branch", "bot-token", "GET", "projects/7/repository/branches/nope", "", 404, `{"message":"404 Branch Not Found"}`},
		{"no title", "bot-token", "POST", mrs, `{"source_branch":"f1","target_branch":"main"}`, 400, `{"error":"title is missing"}`},
		{"nothing", "bot-token", "POST", mrs, `{}`, 400, `{"error":"title is missing, source_branch is missing, target_branch is missing"}`},
		{"blank title", "bot-token", "POST", mrs, `{"title":" ","source_branch":"f1","target_branch":"main"}`, 400, `{"message":{"title":["can't be blank"]}}`},
		{"long title", "bot-token", "POST", mrs, `{"title":"` + strings.Repeat("x", 256) + `","source_branch":"f1","target_branch":"main"}`, 400, `{"message":{"title":["is too long (256 characters). The maximum size is 255 characters."]}}`},
		{"long description", "bot-token", "POST", mrs, `{"title":"T","source_branch":"f1","target_branch":"main","description":"` + long + `"}`, 400, `{"message":{"description":["is too long (1048577 characters). The maximum size is 1048576 characters."]}}`},
		{"source branch not there", "bot-token", "POST", mrs, `{"title":"T","source_branch":"no","target_branch":"main"}`, 400, `{"message":{"source_branch":["does not exist"]}}`},
		{"target branch not there", "bot-token", "POST", mrs, `{"title":"T","source_branch":"f1","target_branch":"no"}`, 400, `{"message":{"target_branch":["does not exist"]}}`},
		{"same branch", "bot-token", "POST", mrs, `{"title":"T","source_branch":"main","target_branch":"main"}`, 422, `{"message":["You can't use same project/branch for source and target"]}`},
		{"no fork", "bot-token", "POST", "projects/9/merge_requests", `{"title":"T","source_branch":"f1","target_branch":"main","target_project_id":7}`, 422, `{"message":["Source project is not a fork of the target project"]}`},
		{"unknown target project", "bot-token", "POST", mrs, `{"title":"T","source_branch":"f1","target_branch":"main","target_project_id":10}`, 404, `{"message":"404 Project Not Found"}`},
		{"second open one", "bot-token", "POST", mrs, `{"title":"Again","source_branch":"f2","target_branch":"main"}`, 409, `{"message":["Another open merge request already exists for this source branch: !1"]}`},
		{"unknown parameter", "bot-token", "POST", mrs, `{"titel":"T"}`, 400, `{"error":"titel is invalid"}`},
		{"wrong type", "bot-token", "POST", mrs, `{"title":7}`, 400, `{"error":"title is invalid"}`},
		{"wrong list", "bot-token", "POST", mrs, `{"reviewer_ids":["x"]}`, 400, `{"error":"reviewer_ids is invalid"}`},
		{"wrong bool", "bot-token", "POST", mrs, `{"squash":"maybe"}`, 400, `{"error":"squash is invalid"}`},
		{"no JSON", "bot-token", "POST", mrs, `{`, 400, `{"error":"message body does not match declared format"}`},
		{"git is broken", "bot-token", "POST", mrs, `{"title":"T","source_branch":"broken","target_branch":"main"}`, 500, `{"message":"500 Internal Server Error"}`},
		{"unknown state", "bot-token", "GET", mrs + "?state=open", "", 400, `{"error":"state does not have a valid value"}`},
		{"unknown order", "bot-token", "GET", mrs + "?order_by=iid", "", 400, `{"error":"order_by does not have a valid value"}`},
		{"unknown sort", "bot-token", "GET", mrs + "?sort=up", "", 400, `{"error":"sort does not have a valid value"}`},
		{"page 0", "bot-token", "GET", mrs + "?page=0", "", 400, `{"error":"page and per_page must be positive"}`},
		{"empty update", "bot-token", "PUT", mrs + "/1", `{}`, 400, `{"error":"at least one parameter must be provided"}`},
		{"blank update", "bot-token", "PUT", mrs + "/1", `{"title":""}`, 400, `{"error":"title is empty"}`},
		{"unknown event", "bot-token", "PUT", mrs + "/1", `{"state_event":"merge"}`, 400, `{"error":"state_event does not have a valid value"}`},
		{"reopen an open one", "bot-token", "PUT", mrs + "/1", `{"state_event":"reopen"}`, 409, `{"message":["!1 is opened, not closed"]}`},
		{"merge without approval", "bot-token", "PUT", mrs + "/1/merge", ``, 405, `{"message":"405 Method Not Allowed"}`},
		{"merge another commit", "bot-token", "PUT", mrs + "/1/merge", `{"sha":"00"}`, 409, `{"message":"SHA does not match HEAD of source branch: ` + fmt.Sprintf("%040x", 10) + `"}`},
		{"approve another commit", "ann-token", "POST", mrs + "/1/approve", `{"sha":"00"}`, 409, `{"message":"SHA does not match HEAD of source branch: ` + fmt.Sprintf("%040x", 10) + `"}`},
		{"note without body", "bot-token", "POST", mrs + "/1/notes", `{}`, 400, `{"error":"body is missing"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := gitlabtest.New(world())
			c := serve(t, s)
			c.must("bot-token", "POST", mrs, `{"title":"First","source_branch":"f2","target_branch":"main"}`, 201)
			status, got, _ := c.do(tc.token, tc.method, tc.path, tc.body)
			if status != tc.status || got != tc.answer {
				t.Errorf("got %d %s\nwant %d %s", status, got, tc.status, tc.answer)
			}
			if n := len(s.MergeRequests()); n != 1 {
				t.Errorf("%d merge requests after a refusal, want the first one only", n)
			}
		})
	}
}

// TestOneNote looks at, changes and deletes notes, one's own and others'.
func TestOneNote(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, create, 201)
	c.must("bot-token", "POST", mrs+"/1/notes", `{"body":"mine"}`, 201)
	c.must("ann-token", "POST", mrs+"/1/notes", `{"body":"hers"}`, 201)
	const mine, hers = mrs + "/1/notes/2", mrs + "/1/notes/3"
	if n := c.must("ann-token", "GET", mine, "", 200); n["body"] != "mine" {
		t.Errorf("got %v", n)
	}
	if n := c.must("bot-token", "PUT", mine, `{"body":"mine, and\n/approve"}`, 200); n["body"] != "mine, and\n" {
		t.Errorf("got %v", n)
	}
	for _, tc := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", mrs + "/1/notes/9", "", 404}, {"GET", mrs + "/1/notes/x", "", 400},
		{"PUT", mrs + "/1/notes/9", `{"body":"b"}`, 404}, {"PUT", hers, `{"body":"b"}`, 403}, {"PUT", mine, `{}`, 400}, {"PUT", mine, `{"body":" "}`, 400},
		{"DELETE", mrs + "/1/notes/9", "", 404}, {"DELETE", hers, "", 403}, {"DELETE", mine, "", 204}, {"DELETE", mine, "", 404},
	} {
		c.must("bot-token", tc.method, tc.path, tc.body, tc.status)
	}
	if diff := cmp.Diff([]string{"hers"}, s.MergeRequests()[0].Notes); diff != "" {
		t.Error(diff)
	}
}
