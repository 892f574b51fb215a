package sandbox_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// browse opens a link, or presses a button, as a browser does.
func (c client) browse(method, link, origin string, want int) string {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), method, link, nil)
	if err != nil {
		c.Fatal(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	answer, err := c.web.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != want {
		c.Fatalf("%s %s: %d %v, want %d: %s", method, link, answer.StatusCode, err, want, text)
	}
	return string(text)
}

// TestLinksOpenInABrowser follows the links of a merge request and an issue,
// presses the buttons, and finds what came from outside as text.
func TestLinksOpenInABrowser(t *testing.T) {
	t.Parallel()
	c := open(t, t.TempDir())
	body := `{"fields":{"project":{"key":"AAP"},"issuetype":{"name":"Task"},"summary":"<script>alert(1)</script>"}}`
	c.do("jira", "POST", issues, body, 201)
	page := c.browse("GET", c.w.URL()+"/jira/browse/AAP-61250", "", 200)
	if !strings.Contains(page, "&lt;script&gt;alert(1)&lt;/script&gt;") || strings.Contains(page, "<script") {
		t.Errorf("the issue's page:\n%s", page)
	}

	c.do("gitlab", "PUT", mrs+"/1", `{"description":"<img src=x onerror=alert(1)>"}`, 200)
	link := c.state().GitLab.Seeded[0].WebURL
	page = c.browse("GET", link, "", 200)
	for _, want := range []string{"!1: Bump the image of another service", "nobody yet", "<button>approve</button>", "<button>merge</button>", "@@", "&lt;img src=x"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in\n%s", want, page)
		}
	}
	if strings.Contains(page, "<img") {
		t.Errorf("markup of a description is the page's:\n%s", page)
	}

	c.browse("POST", link+"/approve", "", 403)
	c.browse("POST", link+"/approve", "https://attacker.example", 403)
	c.browse("GET", link+"/approve", c.w.URL(), 405)
	page = c.browse("POST", link+"/approve", c.w.URL(), 200) // and back to the page
	if !strings.Contains(page, "<dd>alice </dd>") {
		t.Errorf("not approved:\n%s", page)
	}
	c.browse("POST", link+"/approve", c.w.URL(), 409)
	page = c.browse("POST", link+"/merge", c.w.URL(), 200)
	if !strings.Contains(page, "<dd>merged</dd>") || strings.Contains(page, "<button>") {
		t.Errorf("not merged:\n%s", page)
	}
	if got := c.state().GitLab.Seeded[0].State; got != "merged" {
		t.Errorf("the merge request is %s", got)
	}
	for _, nowhere := range []string{"/jira/browse/AAP-9", "/gitlab/service/app-interface/-/merge_requests/99", "/gitlab/a/b/-/merge_requests/1"} {
		c.browse("GET", c.w.URL()+nowhere, "", 404)
	}
}
