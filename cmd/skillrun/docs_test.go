package main

import (
	"os"
	"strings"
	"testing"
)

// releaseFacts is what the page of the release shows, section by section: all that the
// page showed that was written by hand for the engine before this one.
var releaseFacts = []struct {
	section string
	facts   []string
}{
	{"# release\\_aa\\_backend\\_prod", []string{"> Release Automation Analytics backend to production"}},
	{"## Overview", []string{"Verify image in Quay", "Create Jira issue", "Create GitLab MR"}},
	{"## Quick start", []string{
		"skillrun release_aa_backend_prod --config", "--input commit_sha=1111111111111111111111111111111111111111\n", "With `include_billing`", "--input include_billing=true",
		"### In CI", "skillrun plan release_aa_backend_prod", "skillrun apply plan.json", `{"commit_sha":"1111111111111111111111111111111111111111"}`,
		"### For agents", `"inputSchema": {`, `"pattern": "^[0-9a-f]{40}$"`, `"name": "release_aa_backend_prod"`,
	}},
	{"## Inputs", []string{
		"| `commit_sha` | string | **yes** | – | Full commit SHA to release.", "| `release_date` | string | no | `‹today()›` | Release date for Jira.",
		"| `include_billing` | boolean | no | `false` | Also update the billing namespace. |",
	}},
	{"## Flow", []string{
		"```mermaid\nflowchart TD\n", `(["Start"])`, "Verify commit exists", "Verify image in Quay", "Build first.", "Get current prod SHA", "Generate release summary", "Commits since the last release",
		"Create Jira issue", "Checkout app-interface", "Create release branch", "Update deploy-clowder.yml", `{{"inputs.include_billing ?"}}`, `-->|"yes"|`, "Update billing ref too", `-->|"no"|`,
		"Commit changes", "Push branch", "Create GitLab MR", "Link MR to Jira", "Await team approval",
	}},
	{"## What it reads and writes", []string{
		"1. `jira`: create issue (`jira`)", "2. `git`: push branch (`push`)", "3. `gitlab`: create merge request (`mr`)", "4. `jira`: create remote link (`link`)", "| `quay` | `http://127.0.0.1:",
		"- `git_log`: Verify commit exists", "- `quay_get_tag`: Verify image in Quay", "- `jira_create_issue`: Create Jira issue", "- `git_checkout`: Checkout app-interface",
		"- `git_branch_create`: Create release branch", "- `git_commit`: Commit changes", "- `git_push`: Push branch", "- `gitlab_mr_create`: Create GitLab MR",
	}},
	{"## Files modified", []string{
		"- `data/services/insights/tower-analytics/cicd/deploy-clowder.yml` in `http://127.0.0.1:", "/service/app-interface.git`, by `yaml_set`:\n",
		"/tower-analytics-prod.yml'].ref`\n  - `value`: `‹inputs.commit_sha›`", "by `yaml_set`, if `inputs.include_billing`:\n", "/tower-analytics-prod-billing.yml'].ref`\n  - `value`: `‹inputs.commit_sha›`",
	}},
	{"## Example output", []string{
		"$ skillrun release_aa_backend_prod", "done     Verify commit exists", "done     Verify image in Quay", "## Release Summary", "**From:** 0000000000000000000000000000000000000000 (current prod)", "**To:** 1111111111111111111111111111111111111111",
		"**Commits included (2):**", "- aaaaaaa AAP-7: Add a feature", `Created Jira: AAP-9 "2026-01-15 Analytics HCC Service Release"`, "Created app-interface MR: !41", "Branch: release-2026-01-15-111111",
		"## Next Steps", "1. Get team approval on MR !41", "2. Merge when approved", "3. SRE will deploy", "4. Verify in production", "Release MR: https://gitlab.example.com/service/app-interface/-/merge_requests/41",
	}},
	{"## Errors and their cures", []string{"| Verify image in Quay | `not_found` | Image not found for", "Build first. |", "`conflict`", "- `unknown_outcome`: ", "skillrun doctor release_aa_backend_prod"}},
	{"## ⚠ Warning", []string{
		"This skill changes `jira`, `git` and `gitlab`. Always:", "1. Verify that `commit_sha` is correct: Full commit SHA to release.", "2. Check what `skillrun plan` shows", "3. Await team approval.", "4. Look at the run afterwards",
	}},
	{"## Related skills", []string{"- `investigate_alert`: Debug after a release (both have to do with jira issue)", "- `test_mr_ephemeral`: Test before releasing (it calls this one)"}},
}

// related are the skills that the release's page names, as far as they are its relatives.
var related = map[string]string{
	"investigate_alert": "description: Debug after a release\ninputs: {alert: {type: string, required: true}}\nsteps:\n  - {id: note, uses: jira_create_issue, with: {project: AAP, type: Task, summary: \"${{ inputs.alert }}\"}}\n",
	"test_mr_ephemeral": "description: Test before releasing\nconcurrency: {group: ephemeral}\ninputs: {sha: {type: string, pattern: \"^[0-9a-f]{40}$\", required: true}}\nsteps:\n  - {id: release, uses: \"skill:release_aa_backend_prod\", with: {commit_sha: \"${{ inputs.sha }}\"}}\n",
	"other":             "description: Says something\nsteps:\n  - {id: say, uses: log, with: {message: hello}}\n",
}

// TestReleasePage holds the page of the release, section by section, as Markdown and as
// HTML.
func TestReleasePage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if err := os.Mkdir(b.dir+"/skills", 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range related {
		b.skill("skills/"+name, "name: "+name+"\n"+text)
	}
	b.env["SKILLRUN_PATH"] = b.dir + "/skills"
	rest := b.run("docs", "release_aa_backend_prod", "--config", b.conf).out
	for i, x := range releaseFacts {
		before, after, ok := strings.Cut(rest, x.section+"\n")
		if !ok || i == 0 && before != "" {
			t.Fatalf("the section %s is not where it should be in\n%s", x.section, rest)
		}
		section := after
		if i+1 < len(releaseFacts) {
			section, _, _ = strings.Cut(after, "\n"+releaseFacts[i+1].section+"\n")
		}
		for _, fact := range x.facts {
			if !strings.Contains(section, fact) {
				t.Errorf("%s does not show %q:\n%s", x.section, fact, section)
			}
		}
		rest = after
	}
	if strings.Contains(rest, "other") {
		t.Errorf("a skill that has nothing to do with it is related:\n%s", rest)
	}

	page := b.run("docs", "release_aa_backend_prod", "--config", b.conf, "--format", "html").out
	for _, x := range releaseFacts {
		if title := strings.TrimLeft(x.section, "# "); !strings.Contains(page, `>`+strings.ReplaceAll(title, `\_`, "_")+` <a class="anchor"`) {
			t.Errorf("the page has no heading %s", title)
		}
	}
	for _, want := range []string{`<html lang="en">`, `<main id="content">`, `<svg class="flow" role="img"`, "@media (prefers-color-scheme:dark)", `http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	for _, never := range []string{"<script", " style=", "```", "‹‹", "raw HTML omitted"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
}
