package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const forkProject = "release-bot/app-interface"

// changedLines returns the lines that the release branch adds over master, by
// the merge request's diff.
func (b *bench) changedLines() (files, added []string) {
	b.t.Helper()
	resp, err := http.DefaultClient.Do(b.gitlabGet("merge_requests/3/diffs"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	var diffs []struct {
		NewPath string `json:"new_path"`
		Diff    string
	}
	decode(b.t, resp.Body, &diffs)
	for _, d := range diffs {
		files = append(files, d.NewPath)
		for line := range strings.Lines(d.Diff) {
			if strings.HasPrefix(line, "+") {
				added = append(added, strings.TrimSpace(line[1:]))
			}
		}
	}
	return files, added
}

const deployFile = "data/services/insights/tower-analytics/cicd/deploy-clowder.yml"

// TestRelease is the main job: exactly one of each, and one line of one file,
// two with billing.
func TestRelease(t *testing.T) {
	t.Parallel()
	for _, billing := range []bool{false, true} {
		b := newBench(t)
		sha := b.world.Fixtures().ReleaseSHA
		inputs, want := []string{b.sha()}, []string{"ref: " + sha}
		if billing {
			inputs, want = append(inputs, "include_billing=true"), append(want, `ref: "`+sha+`"`)
		}
		r := b.release(inputs...)
		r.want(t, 0, `AAP-61250`, `Release MR: http://\S+/merge_requests/3`, `Branch: release-2026-01-15-`+sha[:6], `## Next Steps`,
			`\*\*Commits included \(5\):\*\*`, `Rollback: skillrun --config \S+ release_aa_backend_prod --input commit_sha=`+b.world.Fixtures().ProdSHA)
		s := b.state()
		if len(s.Jira.Issues) != 1 || len(s.Gitlab.MergeRequests) != 1 || len(s.Jira.Issues[0].RemoteLinks) != 1 {
			t.Fatalf("%d issues, %d merge requests, links %v", len(s.Jira.Issues), len(s.Gitlab.MergeRequests), s.Jira.Issues)
		}
		mr, issue := s.Gitlab.MergeRequests[0], s.Jira.Issues[0]
		if mr.Title != "AAP-61250 - chore(release): release "+sha[:12]+" to production" || mr.TargetBranch != "master" || mr.State != "opened" {
			t.Errorf("merge request %+v", mr)
		}
		if issue.Summary != "2026-01-15 Analytics HCC Service Release" || issue.RemoteLinks[0].URL != mr.WebURL {
			t.Errorf("issue %+v", issue)
		}
		if branches := s.Git[forkProject].Branches; branches["release-2026-01-15-"+sha[:6]] == "" || len(branches) != 4 {
			t.Errorf("branches %v", branches)
		}
		files, added := b.changedLines()
		if cmp.Diff([]string{deployFile}, files) != "" || cmp.Diff(want, added) != "" {
			t.Errorf("files %v, lines %v", files, added)
		}
	}
}

// TestDate: a date that is given is used; the default is today in the
// configured zone; the first line is the command that repeats the run.
func TestDate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ zone, given, want string }{
		{"UTC", "", "2026-01-15"}, {"Pacific/Auckland", "", "2026-01-16"}, {"Pacific/Auckland", "2025-12-31", "2025-12-31"},
	} {
		b := newBench(t)
		if tt.zone != "UTC" {
			b.configure("timezone: UTC", "timezone: "+tt.zone)
		}
		inputs := []string{b.sha()}
		if tt.given != "" {
			inputs = append(inputs, "release_date="+tt.given)
		}
		r := b.release(inputs...)
		r.want(t, 0, tt.want+" Analytics HCC Service Release", "release-"+tt.want+"-")
		first, _, _ := strings.Cut(r.log, "\n")
		want := "skillrun release_aa_backend_prod --config " + b.conf + " --input " + b.sha() + " --input release_date=" + tt.want + " --input include_billing=false"
		if first != want {
			t.Errorf("first line\n%s\nwant\n%s", first, want)
		}
		again := b.run(strings.Fields(first)[1:]...)
		again.want(t, 0, "resuming run")
	}
}

// TestFailures: each has its own message, code and exit code, and nothing is
// written by one that fails before the first write.
func TestFailures(t *testing.T) {
	t.Parallel()
	type failure struct {
		name   string
		set    func(b *bench)
		inputs func(b *bench) []string
		exit   int
		code   string // of the error, for runs that began
		want   string
		writes int
	}
	good := func(b *bench) []string { return []string{b.sha()} }
	commit := func(sha func(b *bench) string) func(b *bench) []string {
		return func(b *bench) []string { return []string{"commit_sha=" + sha(b)} }
	}
	nothing := func(*bench) {}
	tests := []failure{
		{"unknown SHA", nothing, commit(func(b *bench) string { return b.world.Fixtures().UnknownSHA }), 1, "not_found", "is not on the backend's remote. Push it first", 0},
		{"no image", nothing, commit(func(b *bench) string { return b.world.Fixtures().NoImageSHA }), 1, "not_found", "Build first", 0},
		{"not merged", nothing, commit(func(b *bench) string { return b.world.Fixtures().BranchSHA }), 1, "conflict", "only merged commits are released", 0},
		{"already in production", nothing, commit(func(b *bench) string { return b.world.Fixtures().ProdSHA }), 1, "conflict", "is already in production", 0},
		{"short SHA", nothing, commit(func(*bench) string { return "abc123" }), 2, "", `input commit_sha is "abc123", which does not match`, 0},
		{"unknown input", nothing, func(b *bench) []string { return []string{b.sha(), "commit=x"} }, 2, "", "has no input commit", 0},
		{"missing input", nothing, func(*bench) []string { return nil }, 2, "", "input commit_sha is missing", 0},
		{"wrong boolean", nothing, func(b *bench) []string { return []string{b.sha(), "include_billing=yes"} }, 2, "", `input include_billing is "yes", not true or false`, 0},
		{"wrong date", nothing, func(b *bench) []string { return []string{b.sha(), "release_date=tomorrow"} }, 2, "", `not a date \(YYYY-MM-DD\)`, 0},
		{"no credential", func(b *bench) { b.configure("file:tokens/jira", "env:JIRA_TOKEN") }, good, 2, "", "JIRA_TOKEN", 0},
		{"no service", func(b *bench) { b.configure("  gitlab:", "  gitlab2:") }, good, 2, "", "gitlab", 0},
		{"missing config", func(b *bench) { b.configure("  jira_project: AAP\n", "") }, good, 2, "", "config value jira_project is not set", 0},
		{"GitLab down", func(b *bench) { b.configure(b.world.URL()+"/gitlab", "http://127.0.0.1:1") }, good, 1, "network", "cannot reach the service", 0},
		{"Jira 401", func(b *bench) { b.configure("file:tokens/jira", "file:tokens/quay") }, good, 1, "auth", "credential", 0},
		{"wrong target", func(b *bench) { b.configure("tower-analytics-prod.yml", "tower-analytics-none.yml") }, good, 1, "not_found", "is the configuration right", 0},
		{"push refused", func(b *bench) { b.configure("file:tokens/git,", "file:tokens/quay,") }, good, 1, "forbidden", "lacks permission", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			tt.set(b)
			r := b.release(tt.inputs(b)...)
			r.want(t, tt.exit, tt.want)
			if tt.code != "" && !strings.Contains(r.log, "["+tt.code+"]") {
				t.Errorf("code %s is not in\n%s", tt.code, r.log)
			}
			if got := b.state().writes(); len(got) != tt.writes {
				t.Errorf("%d writes, want %d: %v", len(got), tt.writes, got)
			}
		})
	}
}

// TestClosedByAPerson: a merge request of ours that a person closed stops the
// release, whether the run is known here or its journal is lost.
func TestClosedByAPerson(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	b.person(http.MethodPut, "merge_requests/3", `{"state_event":"close"}`)
	before := len(b.state().writes())
	b.release(b.sha()).want(t, 1, `Merge request !3 was closed`, `\[conflict\]`)
	b.forget()
	b.release(b.sha()).want(t, 1, `!3`, `closed`, `\[conflict\]`, `--again`)
	if after := len(b.state().writes()); after != before {
		t.Errorf("%d writes after the merge request was closed", after-before)
	}
	b.person(http.MethodPut, "merge_requests/3", `{"state_event":"reopen"}`)
	b.release(b.sha()).want(t, 0)
	b.release(b.sha(), "--again 1").want(t, 1, "conflict")
}

// TestSameCommandAdopts: the second time everything is there.
func TestSameCommandAdopts(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	first := b.release(b.sha(), "--output json").json(t)
	for _, e := range first.Effects {
		if e.Outcome != "created" {
			t.Errorf("first: %+v", e)
		}
	}
	if len(first.Effects) != 4 || first.State != "parked" || first.Reason != "await" {
		t.Errorf("first: %s %s, %d effects", first.State, first.Reason, len(first.Effects))
	}
	before := b.state()
	for _, tt := range [][2]string{{"created", "journal"}, {"adopted", "world"}} {
		outcome, found := tt[0], tt[1]
		again := b.release(b.sha(), "--output json").json(t)
		for _, e := range again.Effects {
			if e.Outcome != outcome || e.Found != found {
				t.Errorf("again, from the %s: %+v", found, e)
			}
		}
		if len(again.Effects) != 4 || cmp.Diff(first.Outputs, again.Outputs) != "" {
			t.Errorf("again, from the %s: %s", found, cmp.Diff(first.Outputs, again.Outputs))
		}
		b.forget()
	}
	after := b.state()
	if diff := cmp.Diff(before.writes(), after.writes()); diff != "" {
		t.Errorf("the second time wrote: %s", diff)
	}
}

// TestApproved: the run that waits ends when someone else approves.
func TestApproved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.release(b.sha(), "--output json").json(t)
	b.person(http.MethodPost, "merge_requests/3/approve", "")
	b.run("resume", r.Run, "--config", b.conf).want(t, 0, `done: run `)
	b.run("runs", "--config", b.conf).want(t, 0, r.Run+`\s+release_aa_backend_prod\s+done`)
	b.release(b.sha()).want(t, 0) // finished: the world is asked, and all is there
}

// TestDiverged: production runs a commit that was never merged; a release
// stops, unless the site allows it.
func TestDiverged(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.world.Fixtures()
	b.advance(b.world.URL()+"/git/service/app-interface.git", deployFile, func(text string) string {
		return strings.ReplaceAll(text, f.ProdSHA, f.BranchSHA)
	})
	b.release(b.sha()).want(t, 1, `have diverged`, `allow_diverged`, `\[conflict\]`)
	if got := b.state().Jira.Issues; len(got) != 0 {
		t.Errorf("issues %v", got)
	}
	b.configure("  jira_project: AAP\n", "  jira_project: AAP\n  allow_diverged: true\n")
	b.release(b.sha()).want(t, 0, `Commits included \(6\)`)
}

// TestRollback: an older commit continues and says ROLLBACK.
func TestRollback(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release("commit_sha="+b.world.Fixtures().OlderSHA).want(t, 0, `\*\*ROLLBACK\*\*`, `Commits taken back`)
	s := b.state()
	if !strings.HasPrefix(s.Jira.Issues[0].Summary, "ROLLBACK 2026-01-15") || !strings.Contains(s.Gitlab.MergeRequests[0].Title, "ROLLBACK") {
		t.Errorf("%q, %q", s.Jira.Issues[0].Summary, s.Gitlab.MergeRequests[0].Title)
	}
	if !strings.Contains(s.Gitlab.MergeRequests[0].Description, "ROLLBACK") {
		t.Error("the merge request does not say ROLLBACK")
	}
}

// TestOtherReleaseUnderWay stops, and says which and how many it looked at.
func TestOtherReleaseUnderWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	b.release(b.sha(), "release_date=2026-01-20").want(t, 1, `Another release is under way: !3`, `\[conflict\]`)
}

// TestConsent: without a terminal and without --yes a run that writes parks
// before the first write.
func TestConsent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.configure("confirm: never", "confirm: always")
	r := b.release(b.sha())
	r.want(t, 3, `4 writes are about to happen`, `summary: 2026-01-15 Analytics HCC Service Release`, `title: \(known after jira\) - chore\(release\)`, `to continue: skillrun resume \S+ --config \S+ --yes`)
	if got := b.state().writes(); len(got) != 0 {
		t.Errorf("writes before consent: %v", got)
	}
	b.run(r.goOn()...).want(t, 0, "created  jira")
	if got := len(b.state().Jira.Issues); got != 1 {
		t.Errorf("%d issues", got)
	}
}

// TestGates counts what a release costs, on counters that do not depend on the
// clock. A change that moves one says why and changes the number here.
func TestGates(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.release(b.sha(), "--output json").json(t)
	s := b.state()
	// HTTP requests of a release on an empty cache. Three are of issues that an
	// honest Jira would not need: the numbers beside a new issue, where a request
	// that was delivered twice leaves its twin, and the link as it is read back.
	const requests = 42
	if len(s.Requests) > requests {
		t.Errorf("%d HTTP requests, the gate is %d: %v", len(s.Requests), requests, s.Requests)
	}
	const writes = 4 // an issue, a push, a merge request, a link
	if got := s.writes(); len(got) != writes {
		t.Errorf("%d writes, want %d: %v", len(got), writes, got)
	}
	journal, err := os.ReadFile(filepath.Join(r.Journal, "journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	const records = 21 // header, 15 results, 4 intents, parked
	if got := bytes.Count(journal, []byte("\n")); got != records {
		t.Errorf("%d records, want %d", got, records)
	}
	const objects = 8 // a blob, six trees and a commit: the depth of the file, not the repository
	i := slices.IndexFunc(r.Steps, func(s struct {
		ID, State string
		Result    map[string]any
	}) bool {
		return s.ID == "commit_change"
	})
	if got := r.Steps[i].Result["objects"]; got != float64(objects) {
		t.Errorf("%v git objects, want %d", got, objects)
	}
	var laid []string
	root := filepath.Join(r.Journal, "workspaces", "app-interface", "files")
	filepath.WalkDir(root, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			laid = append(laid, strings.TrimPrefix(name, root+"/"))
		}
		return err
	})
	if diff := cmp.Diff([]string{deployFile}, laid); diff != "" {
		t.Errorf("files laid into the workspace: %s", diff)
	}
}

// TestLooksAgainBeforeTheFirstWrite: consent may come hours after the reads, so
// a run that has written nothing does them again.
func TestLooksAgainBeforeTheFirstWrite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	never := b.conf
	b.configure("confirm: never", "confirm: always")
	r := b.release(b.sha(), "--output json").json(t)
	if r.State != "parked" || r.Reason != "confirm" {
		t.Fatalf("%s %s", r.State, r.Reason)
	}
	other := &bench{t: t, world: b.world, home: t.TempDir(), dir: b.dir, conf: never, now: b.now}
	other.release("commit_sha="+b.world.Fixtures().OlderSHA).want(t, 0)
	b.run("resume", r.Run, "--config", b.conf, "--yes").want(t, 1, `Another release is under way: !3`)
	if got := len(b.state().Jira.Issues); got != 1 {
		t.Errorf("%d issues", got)
	}
}

// TestAgain: after a person closed the merge request, --again makes new work,
// on a branch of its own.
func TestAgain(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	b.person(http.MethodPut, "merge_requests/3", `{"state_event":"close"}`)
	b.release(b.sha(), "--again 1").want(t, 0, `branch: release-2026-01-15-[0-9a-f]{6}-1`, `created  mr`)
	if s := b.state(); len(s.Jira.Issues) != 2 || len(s.Gitlab.MergeRequests) != 2 {
		t.Errorf("%d issues, %d merge requests", len(s.Jira.Issues), len(s.Gitlab.MergeRequests))
	}
}

// TestRetargeted: a merge request of ours that a person pointed elsewhere is
// not taken for what was asked for.
func TestRetargeted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha()).want(t, 0)
	b.person(http.MethodPut, "merge_requests/3", `{"target_branch":"describe-rota"}`)
	b.forget()
	b.release(b.sha()).want(t, 1, `target_branch is "describe-rota", now "master"`, `\[conflict\]`)
}
