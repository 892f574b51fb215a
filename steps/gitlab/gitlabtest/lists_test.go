package gitlabtest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

func TestListsArePagedAndFiltered(t *testing.T) {
	t.Parallel()
	opts := world()
	opts.Git = nil
	s := gitlabtest.New(opts)
	c := serve(t, s)
	for i := range 5 {
		c.must("bot-token", "POST", mrs, fmt.Sprintf(`{"title":"T%d","source_branch":"b%d","target_branch":"main","labels":["l%d"],"description":"Key-%d"}`, i, i, i%2, i), 201)
	}
	if err := s.Close("team/app", 2, "ann"); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"per_page=2":                     "5 4", // newest first
		"per_page=2&page=3":              "1",
		"per_page=2&page=9":              "",
		"sort=asc":                       "1 2 3 4 5",
		"order_by=title&sort=asc":        "1 2 3 4 5",
		"order_by=updated_at&sort=asc":   "1 2 3 4 5",
		"state=closed":                   "2",
		"source_branch=b3":               "4",
		"target_branch=x":                "",
		"labels=l1":                      "4 2",
		"labels=l1,l0":                   "",
		"search=key-2":                   "3",
		"search=T2&in=description":       "",
		"author_username=ann":            "",
		"author_id=1&state=opened":       "5 4 3 1",
		"iids[]=1&iids[]=3":              "3 1",
		"draft=true":                     "",
		"wip=no&per_page=1":              "5",
		"reviewer_username=ann&sort=asc": "",
	} {
		_, text, _ := c.do("bot-token", "GET", mrs+"?"+query, "")
		var list []struct{ IID int }
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%s: %s", query, text)
		}
		got := ""
		for _, m := range list {
			got = strings.TrimSpace(fmt.Sprint(got, " ", m.IID))
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	_, _, h := c.do("bot-token", "GET", mrs+"?per_page=2&page=2", "")
	for name, want := range map[string]string{"X-Page": "2", "X-Per-Page": "2", "X-Total": "5", "X-Total-Pages": "3", "X-Next-Page": "3", "X-Prev-Page": "1"} {
		if h.Get(name) != want {
			t.Errorf("%s: got %q, want %q", name, h.Get(name), want)
		}
	}
	if !strings.Contains(h.Get("Link"), `page=3&per_page=2>; rel="next"`) {
		t.Errorf("Link: %s", h.Get("Link"))
	}
}

func TestDiffsAndChanges(t *testing.T) {
	t.Parallel()
	c := serve(t, gitlabtest.New(world()))
	c.must("bot-token", "POST", mrs, create, 201)
	_, text, _ := c.do("bot-token", "GET", mrs+"/1/diffs", "")
	var got []map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"a b renamed", "n n new", "d d deleted"} {
		f := got[i]
		have := fmt.Sprint(f["old_path"], " ", f["new_path"])
		for _, flag := range []string{"new", "renamed", "deleted"} {
			if f[flag+"_file"] == true {
				have += " " + flag
			}
		}
		if have != want {
			t.Errorf("got %q, want %q", have, want)
		}
	}
	if ch := c.must("bot-token", "GET", mrs+"/1/changes", "", 200); len(ch["changes"].([]any)) != 3 {
		t.Errorf("changes: %v", ch["changes"])
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	c := serve(t, gitlabtest.New(world()))
	if u := c.must("ann-token", "GET", "user", "", 200); u["username"] != "ann" || u["id"] != 3.0 || u["email"] != "ann@example.com" {
		t.Errorf("user: %v", u)
	}
	for query, want := range map[string]int{"?username=ZOE": 1, "?username=zo": 0, "": 4} {
		_, text, _ := c.do("bot-token", "GET", "users"+query, "")
		if n := strings.Count(text, `"username"`); n != want {
			t.Errorf("users%s: %d, want %d", query, n, want)
		}
	}
}

func TestDiscussionsAndLogs(t *testing.T) {
	t.Parallel()
	s := gitlabtest.New(world())
	c := serve(t, s)
	c.must("bot-token", "POST", mrs, create, 201)
	c.must("ann-token", "POST", mrs+"/1/notes", `{"body":"Why?"}`, 201)
	_, text, _ := c.do("bot-token", "GET", mrs+"/1/discussions", "")
	var got []struct {
		Notes []struct {
			Body   string
			Author struct{ Username string }
		}
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(got) != 1 || got[0].Notes[0].Body != "Why?" || got[0].Notes[0].Author.Username != "ann" {
		t.Errorf("%v: %s", err, text)
	}
	id, err := s.AddPipeline("team/app", gitlabtest.Pipeline{Status: "failed", Jobs: []gitlabtest.Job{{Name: "test", Log: "it\nfails\n"}}})
	if err != nil {
		t.Fatal(err)
	}
	status, text, h := c.do("bot-token", "GET", fmt.Sprintf("projects/7/jobs/%d/trace", id+1), "")
	if status != 200 || text != "it\nfails\n" || h.Get("Content-Type") != "text/plain" {
		t.Errorf("%d %q %v", status, text, h)
	}
	if status, _, _ := c.do("bot-token", "GET", "projects/7/jobs/99/trace", ""); status != 404 {
		t.Errorf("no such job: %d", status)
	}
}
