package git_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// TestSecretsInURLs refuses URLs that hold a secret, and does not repeat it.
func TestSecretsInURLs(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for repo, want := range map[string]string{
		"https://u:s3cret@example.com/x.git":               "must not hold a user or password",
		"https://s3cret@example.com/x.git":                 "must not hold a user or password",
		"ssh://git:s3cret@example.com/x.git":               "must not hold a user or password",
		"https://u:s3cret%zz@example.com/x.git":            "is not a repository",
		"https://u:s3cret@exa mple.com/x.git":              "is not a repository",
		"https://u:s3cret@/x.git":                          "is not a repository",
		"https://example.com/x.git?private_token=s3cret":   "a repository's URL must not hold a ? or #",
		"https://example.com/x.git#s3cret":                 "a repository's URL must not hold a ? or #",
		"http://u:s3cret@example.com/x.git":                "must not hold a user or password",
		"ext::https://u:s3cret@example.com/x.git -c s3cre": "is not a repository",
	} {
		_, err := r.do("git_branch_list", map[string]any{"repo": repo})
		if types.CodeOf(err) != types.BadInput || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestSecretStaysOutOfErrors has servers say no in every way they can: the
// token is in no message, even when the server repeats what it was sent.
func TestSecretStaysOutOfErrors(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 307, 400, 401, 403, 404, 429, 500, 502} {
		r := newRemote(t)
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if _, token, _ := req.BasicAuth(); token != "hunter22" {
				t.Errorf("%d: the token was not sent", status)
			}
			w.Header().Set("Location", "http://"+req.Host+"/elsewhere"+req.URL.Path+"?service=git-upload-pack")
			w.WriteHeader(status)
			fmt.Fprintln(w, "no")
		}))
		t.Cleanup(web.Close)
		r.service.URL = web.URL
		r.connect()
		_, err := r.do("git_branch_list", map[string]any{"repo": web.URL + "/x.git"})
		if err == nil || strings.Contains(err.Error(), "hunter22") {
			t.Errorf("%d: %v", status, err)
		}
	}
}
