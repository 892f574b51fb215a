package gitlab

import (
	"strings"
	"testing"
)

// TestRulesOfTheInstance: what GitLab says stands there whole, line by line.
func TestRulesOfTheInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.create(release().with("project", "team/ruled"))
	wantError(t, err, "invalid: open merge request in team/ruled: 422 Unprocessable Entity: "+rules[0].Text+"; "+rules[1].Text+" (the service does not accept it")
	must(t, func() error {
		_, err := w.create(release().with("project", "team/ruled").with("title", "AAP-7 Release").with("description", "Risk: low"))
		return err
	}())
}

// TestRefusalsAreShownWhole checks what GitLab says in its several shapes
// against what people see.
func TestRefusalsAreShownWhole(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("why and why not. ", 200)
	for _, tc := range []struct {
		status     int
		body, want string
	}{
		{422, `{"message":["Title does not match the required format:\n  ^[A-Z]+-\\d+","Source branch is protected"]}`,
			"422 Unprocessable Entity: Title does not match the required format:\n  ^[A-Z]+-\\d+; Source branch is protected ("},
		{422, `{"message":{"base":["Commit message does not follow the pattern"],"title":["is too long","is odd"]}}`,
			"422 Unprocessable Entity: Commit message does not follow the pattern; title is too long; title is odd ("},
		{400, `{"error":"title is missing, source_branch is empty"}`, "400 Bad Request: title is missing, source_branch is empty ("},
		{400, `{"message":"` + long + `"}`, "400 Bad Request: " + strings.TrimSpace(long) + " ("},
		{400, `{"message":"red \u001b[31m and\r\nbidi \u202e"}`, "400 Bad Request: red \uFFFD[31m and\nbidi \uFFFD ("},
		{400, "plain " + long, "400 Bad Request: " + ("plain " + long)[:499] + "… ("},
		{400, `{"message":"` + strings.Repeat("x", 9000) + `"}`, "400 Bad Request: " + strings.Repeat("x", 7999) + "… ("},
	} {
		w := newWorld(t)
		w.breakWith(answer("POST", tc.status, tc.body))
		_, err := w.create(release())
		wantError(t, err, "invalid: open merge request in team/app: "+tc.want)
	}
}
