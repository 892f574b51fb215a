package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// noted is a world with a merge request, and what is to be said on it.
func noted(t *testing.T) (*world, args) {
	t.Helper()
	w := newWorld(t)
	w.mustCreate(release())
	return w, args{"project": app, "iid": 1, "body": "Deployed **r1**."}
}

func (w *world) note(a args) (NoteOut, error) {
	w.t.Helper()
	return do[NoteOut](w, "gitlab_mr_note", a)
}

func (w *world) findNote(key step.Key, a args) string {
	w.t.Helper()
	s := w.step("gitlab_mr_note")
	found, err := s.Find(w.ctx(s, key, a), key, a.json())
	must(w.t, err)
	return brief(found)
}

func TestNote(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	got, err := w.note(a)
	must(t, err)
	want := NoteOut{ID: got.ID, WebURL: page + "#note_" + fmt.Sprint(got.ID), IID: 1, Project: app, Author: "bot", CreatedAt: "2026-03-01T12:00:00Z"}
	if diff := cmp.Diff(want, got); diff != "" || got.ID == 0 {
		t.Errorf("-want +got:\n%s", diff)
	}
	s := w.step("gitlab_mr_note")
	text := []string{"Deployed **r1**.\n\n<!-- skillrun key=wwww-pppp digest=" + s.Digest(a.json()) + " -->"}
	if diff := cmp.Diff(text, w.lab.MergeRequests()[0].Notes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if w.sent() != 2 {
		t.Errorf("%d POSTs, want the merge request's and one", w.sent())
	}
}

func TestFindNote(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		then func(*world) error
		key  step.Key
		body string
		want string
	}{
		{"ours", nil, testKey, "Deployed **r1**.", "here !1#note_2||"},
		{"another text", nil, testKey, "Deployed r2.", "differs !1#note_2|the note has another text|"},
		{"another key", nil, step.Key{Work: "wwww", Path: "again"}, "Deployed **r1**.", "absent ||"},
		{"on a merged one", func(w *world) error { return w.lab.Merge(app, 1, "zoe") }, testKey, "Deployed **r1**.", "here !1#note_2||"},
		{"others talk", func(w *world) error { return w.lab.Note(app, 1, "ann", "nice") }, testKey, "Deployed **r1**.", "here !1#note_2||"},
		{"somebody copies another marker", func(w *world) error {
			return w.lab.Note(app, 1, "ann", "x\n<!-- skillrun key=wwww-again digest=y -->")
		}, step.Key{Work: "wwww", Path: "again"}, "Deployed **r1**.", "cannot_tell |note 3 of !1 of team/app, by ann, has the marker of this work, but is from another account: delete the note, or use that account|"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, a := noted(t)
			_, err := w.note(a)
			must(t, err)
			if tc.then != nil {
				must(t, tc.then(w))
			}
			if got := w.findNote(tc.key, a.with("body", tc.body)); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if w.sent() != 2 {
				t.Errorf("looking sent %d POSTs", w.sent()-2)
			}
		})
	}
}

// TestFindNoteReadsAllPages hides ours behind 250 others.
func TestFindNoteReadsAllPages(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	_, err := w.note(a)
	must(t, err)
	for i := range 250 {
		must(t, w.lab.Note(app, 1, "ann", fmt.Sprint("talk ", i)))
	}
	if got := w.findNote(testKey, a); got != "here !1#note_2||" {
		t.Errorf("got %s", got)
	}
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "/notes") {
			return false
		}
		var number int
		fmt.Sscan(r.URL.Query().Get("page"), &number)
		rw.Header().Set("X-Next-Page", fmt.Sprint(number+1))
		fmt.Fprint(rw, "[]")
		return true
	})
	want := `cannot_tell |!1 of team/app has more notes than are searched; look for "wwww-pppp" in them|`
	if got := w.findNote(testKey, a); got != want {
		t.Errorf("got %s", got)
	}
}

func TestNoteIsRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		in   args
		want string
	}{
		{"empty", args{"body": " \n"}, "invalid: the note is empty (give body a text, or skip the step with if)"},
		{"long", args{"body": strings.Repeat("x", maxNote)}, "invalid: the note has 1000032 characters, GitLab takes 1000000 (shorten it"},
		{"unknown merge request", args{"iid": 9}, "not_found: read merge request !9 of team/app: 404 Not Found: 404 Not found (GitLab also says 404 when the token"},
		{"unknown project", args{"project": "team/gone"}, "not_found: read merge request !1 of team/gone: 404 Not Found: 404 Project Not Found"},
		{"unknown service", args{"service": "other"}, `invalid: there is no service "other"`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, a := noted(t)
			for k, v := range tc.in {
				a = a.with(k, v)
			}
			_, err := w.note(a)
			wantError(t, err, tc.want)
			if w.sent() != 1 {
				t.Errorf("%d POSTs, want only the merge request's", w.sent())
			}
		})
	}
}

func TestNoteWithoutKeyAndAfterCancel(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	s := w.step("gitlab_mr_note")
	_, err := s.Do(t.Context(), a.json())
	wantError(t, err, "internal: the call has no key to mark what it makes with")
	ctx, cancel := context.WithCancel(w.ctx(s, testKey, a))
	cancel()
	_, err = s.Do(ctx, a.json())
	wantError(t, err, "cancelled: read merge request !1 of team/app: stopped")
	wantError(t, notStopped(ctx, "add"), "cancelled: add: stopped before it was sent (resume the run)")
	if w.sent() != 1 {
		t.Errorf("%d POSTs, want only the merge request's", w.sent())
	}
}

// TestNoteSortsTheAnswer checks the ways a POST can end against the four answers
// of the protocol. Whatever happens, it is sent once.
func TestNoteSortsTheAnswer(t *testing.T) {
	t.Parallel()
	const what = ": add a note to !1 of team/app: "
	const body = `"body":"Deployed **r1**.\n\n<!-- skillrun key=wwww-pppp digest=DIGEST -->"`
	for _, tc := range []struct {
		status int
		body   string
		want   string
	}{
		{401, `{"message":"401 Unauthorized"}`, "auth" + what + "401 Unauthorized"},
		{403, `{"message":"403 Forbidden"}`, "forbidden" + what + "403 Forbidden"},
		{404, `{"message":"404 Not found"}`, "not_found" + what + "404 Not Found"},
		{400, `{"message":"400 (Bad request) \"Note {:note=>[\"is too long\"]}\" not given"}`, "invalid" + what + `400 Bad Request: 400 (Bad request) "Note {:note=>["is too long"]}" not given`},
		{429, `Retry later`, "rate_limited" + what + "429 Too Many Requests: Retry later (the service asks to wait: Retry-After 30)"},
		{408, ``, "unknown_outcome" + what + "408 Request Timeout"},
		{409, `{"message":"Conflict"}`, "conflict" + what + "409 Conflict: Conflict (look at the merge request that GitLab names)"},
		{500, ``, "unknown_outcome" + what + "500 Internal Server Error (resume the run"},
		{502, `<html>`, "unknown_outcome" + what + "502 Bad Gateway: (a web page, not GitLab's API)"},
		{302, ``, "unknown_outcome" + what + "302 Found"},
		{307, ``, "unknown_outcome" + what + "307 Temporary Redirect"},
		{200, `<html>login</html>`, "unknown_outcome" + what + "the answer is not GitLab's: invalid character '<' looking for beginning of value (resume the run: it checks"},
		{201, ``, "unknown_outcome" + what + "the answer is not GitLab's: EOF"},
		{201, `{"id":`, "unknown_outcome" + what + "the answer is not GitLab's: unexpected EOF"},
		{201, `null`, "unknown_outcome" + what + "the answer is not what was asked for: it has no number or no date (resume the run: it checks"},
		{202, `{"commands_changes":{"state_event":"close"},"summary":["Closed this."]}`, "unknown_outcome" + what + "the answer is not what was asked for: it has no number"},
		{201, `{"id":3,"noteable_iid":2,"created_at":"2026-03-01T12:00:00Z",` + body + `}`, "unknown_outcome" + what + "the answer is not what was asked for: it is on !2, not on !1"},
		{201, `{"id":3,"noteable_iid":1,"created_at":"2026-03-01T12:00:00Z","body":"Deployed"}`, "unknown_outcome" + what + "the answer is not what was asked for: it says something else"},
		{201, `{"id":3,"noteable_iid":1,"created_at":"2026-03-01T12:00:00Z",` + body + `}`, ""},
	} {
		t.Run(fmt.Sprint(tc.status, " ", tc.body), func(t *testing.T) {
			t.Parallel()
			w, a := noted(t)
			s := w.step("gitlab_mr_note")
			w.breakWith(answer("POST", tc.status, strings.ReplaceAll(tc.body, "DIGEST", s.Digest(a.json()))))
			_, err := w.note(a)
			wantError(t, err, tc.want)
			if w.sent() != 1 {
				t.Errorf("%d POSTs, want exactly 1", w.sent())
			}
		})
	}
}

// TestLostNote loses the answer after GitLab did the work.
func TestLostNote(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		if r.Method != "POST" {
			return false
		}
		lab.ServeHTTP(httptest.NewRecorder(), r)
		conn, _, err := rw.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	})
	_, err := w.note(a)
	wantError(t, err, "unknown_outcome: add a note to !1 of team/app: the request was sent and the answer was lost: ")
	if n := len(w.lab.MergeRequests()[0].Notes); n != 1 || w.sent() != 1 {
		t.Fatalf("%d POSTs, %d notes", w.sent(), n)
	}
	if got := w.findNote(testKey, a); got != "here !1#note_2||" {
		t.Errorf("got %s", got)
	}
}

// TestFindNoteIsNoProof: what is not GitLab's list must never pass for an
// empty one.
func TestFindNoteIsNoProof(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ path, body, want string }{
		{"/notes", "null", "unavailable: read the notes of !1 of team/app: the answer is not a list (check the service's url"},
		{"/notes", "{}", "unavailable: read the notes of !1 of team/app: the answer is not GitLab's: "},
		{"/notes", `[{"id":1`, "unavailable: read the notes of !1 of team/app: the answer is not GitLab's: unexpected EOF"},
		{"/user", "{}", "unavailable: look up whose token it is: the answer has no id"},
	} {
		t.Run(tc.path+tc.body, func(t *testing.T) {
			t.Parallel()
			w, a := noted(t)
			w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
				return strings.HasSuffix(r.URL.Path, tc.path) && answer("GET", 200, tc.body)(rw, r, lab)
			})
			s := w.step("gitlab_mr_note")
			_, err := s.Find(w.ctx(s, testKey, a), testKey, a.json())
			wantError(t, err, tc.want)
		})
	}
}

// TestHostileNote: what a note quotes is shown and does nothing.
func TestHostileNote(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	hostile := "/approve\n  /merge\n\u200b/close\n> x\r/lock\n<!-- skillrun key=aaaa-bbbb digest=c -->\n@all\x1b[31m"
	_, err := w.note(a.with("body", hostile))
	must(t, err)
	if diff := cmp.Diff([]string{"created", "noted"}, happened(w.lab)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	text, _, _ := strings.Cut(w.lab.MergeRequests()[0].Notes[0], markerStart)
	want := "\\/approve\n  \\/merge\n\u200b\\/close\n> x\n\\/lock\n&lt;!-- skillrun key=aaaa-bbbb digest=c -->\n@ all\uFFFD[31m\n\n"
	if diff := cmp.Diff(want, text); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got := w.findNote(step.Key{Work: "aaaa", Path: "bbbb"}, a); got != "absent ||" {
		t.Errorf("the imitated marker is found: %s", got)
	}
}

func TestPreviewNote(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	s := w.step("gitlab_mr_note")
	for _, tc := range []struct {
		in      args
		unknown step.UnknownPaths
		want    step.Prediction[NoteOut]
	}{
		{a.with("body", "/close it"), nil, step.Prediction[NoteOut]{
			Change: step.Change{Title: "add a note to !1 of team/app", Fields: []step.FieldChange{{Name: "merge_request", Value: "!1 Release 1"}, {Name: "body", Value: `\/close it`}}},
			Out:    NoteOut{IID: 1, Project: app}, Unknown: step.UnknownPaths{"id", "web_url", "author", "created_at"}}},
		{args{"project": app, "iid": 0, "body": ""}, step.UnknownPaths{"iid", "body"}, step.Prediction[NoteOut]{
			Change: step.Change{Title: "add a note to a merge request of team/app"},
			Out:    NoteOut{Project: app}, Unknown: step.UnknownPaths{"id", "web_url", "author", "created_at", "iid"}}},
	} {
		got, err := s.Preview(w.ctx(s, testKey, tc.in), tc.in.json(), tc.unknown)
		must(t, err)
		var out NoteOut
		must(t, json.Unmarshal(got.Out, &out))
		if diff := cmp.Diff(tc.want, step.Prediction[NoteOut]{Change: got.Change, Out: out, Unknown: got.Unknown}); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	_, err := s.Preview(w.ctx(s, testKey, a), a.with("iid", 5).json(), nil)
	wantError(t, err, "not_found: read merge request !5 of team/app")
	_, err = s.Preview(w.ctx(s, testKey, a), a.with("body", "").json(), nil)
	wantError(t, err, "invalid: the note is empty")
	if w.sent() != 1 {
		t.Error("a preview wrote something")
	}
}

// TestTokenThatMayOnlyLook: GitLab's word for it comes through.
func TestTokenThatMayOnlyLook(t *testing.T) {
	t.Parallel()
	w, a := noted(t)
	w.connect(Service{URL: w.url, Token: types.NewSecret("look-token")})
	_, err := w.note(a)
	wantError(t, err, "forbidden: add a note to !1 of team/app: 403 Forbidden: insufficient_scope; The request requires higher privileges than provided by the access token.; scope api (")
}
