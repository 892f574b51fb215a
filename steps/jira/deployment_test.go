package jira_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/jira"
	"github.com/skillrun/skillrun/steps/jira/jiratest"
)

// TestCredentials shows each deployment each form of credential.
func TestCredentials(t *testing.T) {
	t.Parallel()
	password := func(o *jiratest.Options) { o.Deployment, o.Password = "datacenter", "pa55" }
	tests := map[string]struct {
		change      func(*jiratest.Options)
		user, token string
		deployment  string
		code        types.Code
		says        []string
	}{
		"cloud":                {func(*jiratest.Options) {}, "bot@example.com", "t0ken", "cloud", "", nil},
		"cloud, wrong":         {func(*jiratest.Options) {}, "bot@example.com", "x", "", types.Auth, []string{"401 Unauthorized: Client must be authenticated", "the credential was refused", "e-mail address and an API token"}},
		"datacenter":           {datacenter, "", "t0ken", "datacenter", "", nil},
		"datacenter, wrong":    {datacenter, "", "x", "datacenter", types.Auth, []string{"401 Unauthorized: You are not authenticated", "a personal access token of this Jira"}},
		"password":             {password, "bot@example.com", "pa55", "datacenter", "", nil},
		"password, wrong":      {password, "bot@example.com", "x", "datacenter", types.Auth, []string{"the credential was refused", "leave the user out"}},
		"password, not wanted": {datacenter, "bot@example.com", "pa55", "datacenter", types.Auth, []string{"without accepting the credential: Basic Authentication has been disabled on this instance.", "leave the user out and make the token a personal access token"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, nil, tc.change)
			w.connect(jira.Service{URL: w.url, User: tc.user, Token: types.NewSecret(tc.token), Deployment: tc.deployment})
			_, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-100"}`)
			if tc.code != "" {
				w.wantCode("jira_get_issue", err, tc.code, tc.says...)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestACaptchaIsExplained(t *testing.T) {
	t.Parallel()
	w := start(t, answering("GET", 403, http.Header{"X-Authentication-Denied-Reason": {"CAPTCHA_CHALLENGE; login-url=https://x/login.jsp"}}, ""))
	_, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-100"}`)
	w.wantCode("jira_get_issue", err, types.Auth, "403 Forbidden", "log in once in a browser")
}

func TestTheDeploymentsComplainDifferently(t *testing.T) {
	t.Parallel()
	w := start(t, nil, datacenter)
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer t0ken")
		return http.DefaultTransport.RoundTrip(r)
	})
	w.connect(jira.Service{URL: w.url, User: "u", Token: types.NewSecret("t0ken"), Transport: rt})
	_, err := w.find("jira_create_issue", release)
	w.wantCode("jira_create_issue", err, types.NotFound, "404 Not Found: null for uri: http://", "/rest/api/2/search/jql?", "check the service's deployment")
}

// TestReadsWaitWhenJiraAsks is asked to wait twice, and a write once.
func TestReadsWaitWhenJiraAsks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, on func(*jiratest.Options)) {
		busy := map[string]int{http.MethodGet: 2, http.MethodPost: 1}
		w := start(t, roundTripper(func(r *http.Request) (*http.Response, error) {
			if busy[r.Method] > 0 {
				busy[r.Method]--
				return answering(r.Method, 429, http.Header{"Retry-After": {"7"}}, "").RoundTrip(r)
			}
			return http.DefaultTransport.RoundTrip(r)
		}), on)
		var slept []time.Duration
		told := 0
		w.call.Sleep = func(_ context.Context, d time.Duration) error { slept = append(slept, d); return nil }
		w.call.Tell = func(string) { told++ }
		if _, err := do[jira.GetOut](w, "jira_get_issue", `{"issue":"AAP-100"}`); err != nil {
			t.Fatal(err)
		}
		_, err := do[jira.CommentOut](w, "jira_add_comment", remark)
		w.wantCode("jira_add_comment", err, types.RateLimited, "comment on AAP-100: 429 Too Many Requests", "Retry-After 7")
		if diff := cmp.Diff([]time.Duration{7 * time.Second, 7 * time.Second}, slept); diff != "" || told != 2 {
			t.Errorf("told %d times; slept %s", told, diff)
		}
	})
}
