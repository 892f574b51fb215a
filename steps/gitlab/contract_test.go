package gitlab

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v2 "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/skillrun/skillrun/engine/step"
)

// agreed is a route with what GitLab's client sends and takes there. Options
// are a struct for query or body, nil when there are none; the sample is one
// of the answers that the client is tested with, "" when it has none.
type agreed struct {
	route           string
	options, answer any
	sample          string
}

var contract = []agreed{
	{"GET /user", nil, v2.User{}, "get_user.json"},
	{"GET /users", v2.ListUsersOptions{}, []*v2.User{}, "list_users.json"},
	{"GET /personal_access_tokens/self", nil, v2.PersonalAccessToken{}, "list_personal_access_tokens_single.json"},
	{"GET /groups/:id", v2.GetGroupOptions{}, v2.Group{}, ""},
	{"GET /groups/:id/members/all/:id", nil, v2.GroupMember{}, ""},
	{"GET /projects/:id", v2.GetProjectOptions{}, v2.Project{}, ""},
	{"GET /projects/:id/members/all/:id", nil, v2.ProjectMember{}, ""},
	{"GET /projects/:id/merge_requests", v2.ListProjectMergeRequestsOptions{}, []*v2.MergeRequest{}, "get_merge_requests.json"},
	{"POST /projects/:id/merge_requests", v2.CreateMergeRequestOptions{}, v2.MergeRequest{}, "get_merge_request.json"},
	{"GET /projects/:id/merge_requests/:id", v2.GetMergeRequestsOptions{}, v2.MergeRequest{}, "get_merge_request.json"},
	{"GET /projects/:id/merge_requests/:id/approvals", nil, v2.MergeRequestApprovals{}, "get_merge_request_approvals.json"},
	{"GET /projects/:id/merge_requests/:id/diffs", v2.ListMergeRequestDiffsOptions{}, []*v2.MergeRequestDiff{}, "list_merge_request_diff.json"},
	{"GET /projects/:id/merge_requests/:id/notes", v2.ListMergeRequestNotesOptions{}, []*v2.Note{}, ""},
	{"POST /projects/:id/merge_requests/:id/notes", v2.CreateMergeRequestNoteOptions{}, v2.Note{}, ""},
	{"PUT /projects/:id/merge_requests/:id", v2.UpdateMergeRequestOptions{}, v2.MergeRequest{}, "get_merge_request.json"},
	{"GET /projects/:id/merge_requests/:id/notes/:id", nil, v2.Note{}, ""},
	{"PUT /projects/:id/merge_requests/:id/notes/:id", v2.UpdateMergeRequestNoteOptions{}, v2.Note{}, ""},
	{"DELETE /projects/:id/merge_requests/:id/notes/:id", nil, nil, ""},
	{"GET /projects/:id/pipelines", v2.ListProjectPipelinesOptions{}, []*v2.PipelineInfo{}, ""},
	{"GET /projects/:id/pipelines/:id", nil, v2.Pipeline{}, ""},
	{"GET /projects/:id/pipelines/:id/jobs", v2.ListJobsOptions{}, []*v2.Job{}, ""},
}

var pipelineStates = strings.Fields("created waiting_for_resource preparing waiting_for_callback pending running success failed canceling canceled skipped manual scheduled")

// plausible are the words that GitLab has for a member, by the client's struct
// that declares it.
var plausible = map[string][]string{
	"BasicMergeRequest.state":     {"opened", "closed", "locked", "merged"},
	"MergeRequestApprovals.state": {"opened", "closed", "locked", "merged"},
	"BasicMergeRequest.detailed_merge_status": strings.Fields(`approvals_syncing checking ci_must_pass ci_still_running commits_status conflict
		discussions_not_resolved draft_status jira_association_missing locked_lfs_files locked_paths mergeable merge_request_blocked merge_time
		need_rebase not_approved not_open preparing requested_changes security_policy_violations status_checks_must_pass title_regex unchecked`),
	"Pipeline.status": pipelineStates, "PipelineInfo.status": pipelineStates, "Job.status": pipelineStates,
	"Pipeline.source":                     strings.Fields("push web trigger schedule api external pipeline chat webide merge_request_event external_pull_request_event parent_pipeline"),
	"Note.noteable_type":                  {"MergeRequest"},
	"User.state":                          {"active", "blocked"},
	"BasicUser.state":                     {"active", "blocked"},
	"Project.visibility":                  {"private", "internal", "public"},
	"Project.merge_requests_access_level": {"disabled", "private", "enabled"},
	"Project.builds_access_level":         {"disabled", "private", "enabled"},
}

// TestContract makes every step and the examination send everything that they
// can send; [world.judged] checks it against the contract, as it does in all
// other tests of the family.
func TestContract(t *testing.T) {
	t.Parallel()
	if len(samples()) == 0 {
		t.Skip("the samples of GitLab's client are not on this machine")
	}
	w := newWorld(t)
	full := release().with("source_project", "bot/app").with("description", "text").with("labels", []any{"a", "b"}).with("draft", true).
		with("reviewers", []any{"ann"}).with("assignees", []any{"zoe"}).with("remove_source_branch", false)
	w.mustCreate(full)
	w.find(testKey, full)
	must(t, w.lab.SetPipeline(app, 1, "failed", failedJob), w.lab.Approve(app, 1, "ann"), w.lab.Note(app, 1, "ann", "well"))
	note := args{"project": app, "iid": 1, "body": "said"}
	_, err := do[NoteOut](w, "gitlab_mr_note", note)
	must(t, err)
	s := w.step("gitlab_mr_note")
	if found, err := s.Find(w.ctx(s, testKey, note), testKey, note.json()); err != nil || found.State != step.StateExists {
		t.Errorf("found %+v, %v", found, err)
	}
	at := args{"project": app, "iid": 1}
	_, err1 := do[ViewOut](w, "gitlab_mr_view", at)
	_, err2 := do[DiffOut](w, "gitlab_mr_diff", at)
	_, err3 := do[ListOut](w, "gitlab_mr_list", args{"project": app, "state": "all", "labels": []any{"a"}, "search": "Release", "target_branch": "master"})
	_, err4 := do[TouchingOut](w, "gitlab_mr_touching", args{"project": app, "path": "x"})
	_, err5 := do[PipelineOut](w, "gitlab_pipeline_view", at)
	_, err6 := w.lab.AddPipeline(app, pipelineOf("master", "success"))
	_, err7 := do[PipelineOut](w, "gitlab_pipeline_view", args{"project": app, "ref": "master"})
	_, err8 := ask(w, args{"by": []any{"crew"}, "not": "requester"})
	must(t, err1, err2, err3, err4, err5, err6, err7, err8)
	afterwards(t, w, full, note)
	w.examine(use("gitlab_mr_create", full), use("gitlab_mr_view", args{"project": "team/shared", "iid": 1}))
	want := map[string]bool{}
	for _, c := range contract {
		want[c.route] = true
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(w.routes))); diff != "" {
		t.Errorf("routes used (-contract +seen):\n%s", diff)
	}
}

// afterwards brings up to date, reads back and undoes what was made.
func afterwards(t *testing.T, w *world, full, note args) {
	t.Helper()
	full = full.with("title", "Release 2").with("labels", []any{"a", "c"}).with("reviewers", []any{"zoe"}).with("assignees", []any{"ann"})
	_, err1 := update[CreateOut](w, "gitlab_mr_create", full)
	more, err2 := update[NoteOut](w, "gitlab_mr_note", note.with("body", "more"))
	mr, err3 := resolve[CreateOut](w, "gitlab_mr_create", "!1", full)
	said, err4 := resolve[NoteOut](w, "gitlab_mr_note", more.WebURL, note)
	must(t, err1, err2, err3, err4, w.undo("gitlab_mr_note", note, said), w.undo("gitlab_mr_create", full, mr))
}

// TestContractObjects plants mistakes in what is exchanged.
func TestContractObjects(t *testing.T) {
	t.Parallel()
	const mrs = "projects/team%2Fapp/merge_requests"
	const sent = `{"title":"T","source_branch":"r1","target_branch":"master","target_project_id":7,"labels":"a,b","reviewer_ids":[2],"remove_source_branch":true}`
	const said = `{"iid":1,"state":"opened","labels":["a"],"author":{"id":1,"username":"bot"},"reference":"!1","head_pipeline":{"id":3,"status":"failed"}}`
	for _, tc := range []struct {
		name string
		x    exchanged
		want string
	}{
		{"nothing", exchanged{"POST", mrs, nil, []byte(sent), 201, []byte(said)}, ""},
		{"no such route", exchanged{"POST", "projects/team%2Fapp/mergerequests", nil, []byte(sent), 201, []byte(said)}, "no such route"},
		{"no such method", exchanged{"PATCH", mrs, nil, []byte(sent), 201, []byte(said)}, "no such route"},
		{"body, wrong member", exchanged{"POST", mrs, nil, []byte(strings.Replace(sent, "reviewer_ids", "reviewers", 1)), 201, []byte(said)}, `unknown field "reviewers"`},
		{"body, wrong kind", exchanged{"POST", mrs, nil, []byte(strings.Replace(sent, "7", `"7"`, 1)), 201, []byte(said)}, "cannot unmarshal string"},
		{"body, other spelling", exchanged{"POST", mrs, nil, []byte(strings.Replace(sent, `"a,b"`, `["a","b"]`, 1)), 201, []byte(said)}, "the client would send"},
		{"body where there is none", exchanged{"GET", "user", nil, []byte(`{}`), 200, []byte(`{"id":1}`)}, "the client sends none"},
		{"query, wrong member", exchanged{"GET", mrs, map[string][]string{"branch": {"r1"}}, nil, 200, []byte(`[]`)}, "the query has branch"},
		{"query, wrong kind", exchanged{"GET", mrs, map[string][]string{"page": {"one"}}, nil, 200, []byte(`[]`)}, `page is "one"`},
		{"query, twice", exchanged{"GET", mrs, map[string][]string{"state": {"opened", "closed"}}, nil, 200, []byte(`[]`)}, "more than once"},
		{"query, unknown word", exchanged{"GET", "projects/7/pipelines/1/jobs", map[string][]string{"scope[]": {"broken"}}, nil, 200, []byte(`[]`)}, `scope[] is "broken"`},
		{"answer, wrong member", exchanged{"POST", mrs, nil, []byte(sent), 201, []byte(strings.Replace(said, "iid", "number", 1))}, "answer.number is not known"},
		{"answer, wrong member below", exchanged{"POST", mrs, nil, []byte(sent), 201, []byte(strings.Replace(said, "username", "login", 1))}, "answer.author.login is not known"},
		{"answer, wrong kind", exchanged{"POST", mrs, nil, []byte(sent), 201, []byte(strings.Replace(said, `"iid":1`, `"iid":"1"`, 1))}, "answer.iid is string, in the client's sample float64"},
		{"answer, wrong kind without sample", exchanged{"GET", "projects/7/pipelines/1", nil, nil, 200, []byte(`{"id":"1"}`)}, "cannot unmarshal string"},
		{"answer, wrong word", exchanged{"POST", mrs, nil, []byte(sent), 201, []byte(strings.Replace(said, "opened", "open", 1))}, "answer.state is open, which GitLab never says"},
		{"answer, wrong word below", exchanged{"POST", mrs, nil, []byte(sent), 201, []byte(strings.Replace(said, "failed", "broken", 1))}, "answer.head_pipeline.status is broken"},
		{"answer, no list", exchanged{"GET", mrs, nil, nil, 200, []byte(`{}`)}, "in the client's sample"},
		{"answer, no JSON", exchanged{"GET", mrs, nil, nil, 200, []byte(`<`)}, "does not decode"},
		{"refusal without a word", exchanged{"GET", mrs, nil, nil, 404, []byte(`{}`)}, "a refusal without a message"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(tc.x.objections(), "; ")
			if tc.want == "" && got != "" || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
