package gitlab

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

const tip = "000000000000000000000000000000000000000a" // of r1

func ask(w *world, more args) (ApprovalOut, error) {
	in := args{"project": app, "iid": 1}
	for name, v := range more {
		in[name] = v
	}
	return do[ApprovalOut](w, "gitlab_mr_approval", in)
}

// rewrite answers as the server does, with one text in place of another.
func rewrite(rw http.ResponseWriter, r *http.Request, lab http.Handler, old, now string) bool {
	rec := httptest.NewRecorder()
	lab.ServeHTTP(rec, r)
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(rec.Code)
	_, _ = rw.Write([]byte(strings.ReplaceAll(rec.Body.String(), old, now)))
	return true
}

// TestApproval: who approved counts when they may, by name or as a member of a
// group, and never when they asked for it.
func TestApproval(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in     args
		by     []string // who approves, in this order
		want   string   // who counts
		others []string
	}{
		"nobody yet":           {args{"by": []any{"ann"}}, nil, "", []string{}},
		"anybody":              {nil, []string{"zoe"}, "zoe", []string{}},
		"by name":              {args{"by": []any{"ann"}}, []string{"zoe", "ann"}, "ann", []string{"zoe"}},
		"whatever the case":    {args{"by": []any{"Ann"}}, []string{"ann"}, "ann", []string{}},
		"not on the list":      {args{"by": []any{"ann"}}, []string{"zoe"}, "", []string{"zoe"}},
		"by a group":           {args{"by": []any{"ann", "team/releases"}}, []string{"guest", "zoe"}, "zoe", []string{"guest"}},
		"by a group of one's":  {args{"by": []any{"crew"}}, []string{"ann"}, "ann", []string{}},
		"requester":            {args{"not": "requester"}, []string{"bot"}, "", []string{"bot"}},
		"requester by name":    {args{"not": "requester", "by": []any{"bot"}}, []string{"bot"}, "", []string{"bot"}},
		"requester by group":   {args{"not": "requester", "by": []any{"crew"}}, []string{"bot", "ann"}, "ann", []string{"bot"}},
		"author and no rule":   {nil, []string{"bot"}, "bot", []string{}},
		"the commit asked for": {args{"sha": tip}, []string{"ann"}, "ann", []string{}},
	} {
		w := newWorld(t)
		w.mustCreate(release())
		for _, who := range tt.by {
			must(t, w.lab.Approve(app, 1, who))
		}
		got, err := ask(w, tt.in)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := ApprovalOut{Others: tt.others, WebURL: page}
		if tt.want != "" {
			at, sha, host := "2026-03-01T12:00:00Z", tip, strings.TrimPrefix(w.url, "http://")
			want.Approved, want.By, want.At, want.Digest, want.KnownBy = true, &tt.want, &at, &sha, &host
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestApprovalRefused: what can never come true, or cannot be held, fails at once.
func TestApprovalRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   args
		then func(*world) error
		code types.Code
		want string
	}{
		"a name that nobody has": {args{"by": []any{"anne"}}, nil, types.NotFound, "there is no user or group anne, or this token cannot see it"},
		"a group that is not":    {args{"by": []any{"ann", "team/release"}}, nil, types.NotFound, "no user or group team/release"},
		"a list of nobody":       {args{"by": []any{}}, nil, types.BadInput, "by is empty: no one could approve"},
		"no name":                {args{"by": []any{"@ann"}}, nil, types.BadInput, `"@ann" is not a username or the path of a group`},
		"another commit":         {args{"sha": strings.Repeat("b", 40)}, nil, types.Conflict, tip + ", not " + strings.Repeat("b", 40) + ", which is to be approved"},
		"closed":                 {args{"by": []any{"ann"}}, func(w *world) error { return w.lab.Close(app, 1, "ann") }, types.Conflict, "!1 is closed, and was approved by no one who is allowed to"},
		"merged without":         {args{"by": []any{"ann"}}, func(w *world) error { return w.lab.Merge(app, 1, "zoe") }, types.Conflict, "!1 is merged, and was approved by no one who is allowed to"},
	} {
		w := newWorld(t)
		w.mustCreate(release())
		if tt.then != nil {
			must(t, tt.then(w))
		}
		if _, err := ask(w, tt.in); types.CodeOf(err) != tt.code || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestApprovalByABot: where a bot opened it, it is unknown who asked for it.
func TestApprovalByABot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "/merge_requests/1") {
			return false
		}
		return rewrite(rw, r, lab, `"username":"bot"`, `"username":"project_7_bot_4ffca233d8298ea1"`)
	})
	if _, err := ask(w, args{"not": "requester"}); types.CodeOf(err) != types.Forbidden || !strings.Contains(err.Error(), "so the requester is unknown") {
		t.Error(err)
	}
	if got, err := ask(w, args{"by": []any{"ann"}}); err != nil || got.Approved {
		t.Error(err, got)
	}
}

// TestApprovalWhilePushed: a commit that comes while the approvals are read is not
// approved by them.
func TestApprovalWhilePushed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	must(t, w.lab.Approve(app, 1, "ann"))
	looks := 0
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		if !strings.HasSuffix(r.URL.Path, "/merge_requests/1") {
			return false
		}
		if looks++; looks < 2 {
			return false
		}
		return rewrite(rw, r, lab, tip, strings.Repeat("c", 40))
	})
	if got, err := ask(w, nil); err != nil || got.Approved || got.By != nil {
		t.Error(err, got)
	}
	if s, _ := w.steps.Lookup("gitlab_mr_approval"); !s.Approves() || s.Effect != step.Reads {
		t.Error("it is not declared to tell of approvals")
	}
}

// TestApprovalWithoutATime: earlier releases of GitLab do not say when.
func TestApprovalWithoutATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.mustCreate(release())
	must(t, w.lab.Approve(app, 1, "ann"))
	w.breakWith(func(rw http.ResponseWriter, r *http.Request, lab http.Handler) bool {
		return strings.HasSuffix(r.URL.Path, "/approvals") && rewrite(rw, r, lab, "approved_at", "left_out")
	})
	if got, err := ask(w, nil); err != nil || !got.Approved || got.At != nil {
		t.Error(err, got)
	}
}
