package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// branch is the release branch of the bench's commit and day.
func (b *bench) branch() string { return "release-2026-01-15-" + b.world.Fixtures().ReleaseSHA[:6] }

// TestActions: what a person does between two runs is seen by the second, whether
// the run is known here or its journal is lost; and nothing is written twice.
func TestActions(t *testing.T) {
	t.Parallel()
	type end struct {
		code int
		says string
	}
	for _, tt := range []struct {
		name       string
		do         func(b *bench) error
		same, lost end
		writes     int // after the journal was lost: what was gone is made again
	}{
		{
			"merge request closed", func(b *bench) error { return b.world.CloseMR(3) },
			end{1, `Merge request !3 was closed. Reopen it .* or release again with --again 1. \[conflict\]`},
			end{1, `mr: !3 was closed by alice at .* \[conflict\]\s+reopen it in GitLab, or start new work with --again N`}, 0,
		}, {
			"merge request merged", func(b *bench) error { return b.world.MergeMR(3) },
			end{0, `done     Await team approval`}, end{1, `is already in production. \[conflict\]`}, 0,
		}, {
			"issue closed", func(b *bench) error { return b.world.CloseIssue("AAP-61250") },
			end{0, `parked, waiting`}, end{1, `jira: AAP-61250 is Done since .* \[conflict\]\s+reopen AAP-61250 .* --again N`}, 0,
		}, {
			// no one can see that a branch was there: it is pushed again, and the
			// merge request that waits for it is adopted
			"branch deleted", func(b *bench) error { return b.world.DeleteBranch(forkProject, b.branch()) },
			end{0, `parked, waiting`}, end{0, `adopted  mr`}, 1,
		}, {
			"branch moved", func(b *bench) error { return b.world.MoveBranch(forkProject, b.branch()) },
			end{0, `parked, waiting`}, end{1, `push: branch .* is at [0-9a-f]{12} by alice, above our commit .* \[conflict\]\s+remove that commit from the branch`}, 0,
		}, {
			"production moved", func(b *bench) error { return b.world.MoveProduction(b.world.Fixtures().NoImageSHA) },
			end{0, `parked, waiting`}, end{1, `\[conflict\]`}, 0,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.release(b.sha()).want(t, 0)
			b.must(tt.do(b))
			before := len(b.state().writes())
			b.release(b.sha()).want(t, tt.same.code, tt.same.says)
			if n := len(b.state().writes()) - before; n != 0 {
				t.Errorf("the same run wrote %d times", n)
			}
			b.forget()
			b.release(b.sha()).want(t, tt.lost.code, tt.lost.says)
			if n := len(b.state().writes()) - before; n != tt.writes {
				t.Errorf("with the journal lost it wrote %d times, want %d", n, tt.writes)
			}
			if s := b.state(); len(s.Jira.Issues) != 1 || len(s.Gitlab.MergeRequests) != 1 || len(s.Jira.Issues[0].RemoteLinks) != 1 {
				t.Errorf("%d issues, %d merge requests", len(s.Jira.Issues), len(s.Gitlab.MergeRequests))
			}
		})
	}
}

func (b *bench) makePlan(args ...string) result {
	b.t.Helper()
	return b.run(append([]string{"plan", "release_aa_backend_prod", "--config", b.conf, "--input", b.sha(), "--out", filepath.Join(b.dir, "plan.json")}, args...)...)
}

func (b *bench) applyPlan(args ...string) result {
	b.t.Helper()
	return b.run(append([]string{"apply", filepath.Join(b.dir, "plan.json"), "--config", b.conf}, args...)...)
}

// TestPlanAndApply: a plan sends no write, shows the very line that changes and
// the title as far as it is known; apply then does just that, and once.
func TestPlanAndApply(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	f := b.world.Fixtures()
	r := b.makePlan()
	r.want(t, 0, `\n *summary: 2026-01-15 Analytics HCC Service Release\n`,
		`\n *title: \(known after jira\) - chore\(release\): release `+f.ReleaseSHA[:12]+` to production\n`,
		`\n *message: \(known after jira\) - chore\(release\): release `+f.ReleaseSHA[:12]+` to production\n`,
		`\n *-\s+ref: `+f.ProdSHA+`\n *\+\s+ref: `+f.ReleaseSHA+`\n`,
		`4 writes: jira 2, git 1, gitlab 1`)
	changed := 0
	for line := range strings.Lines(r.out) {
		if s := strings.TrimSpace(line); strings.HasPrefix(s, "+ ") || strings.HasPrefix(s, "- ") && strings.Contains(s, "ref:") {
			changed++
		}
	}
	if changed != 2 {
		t.Errorf("%d lines of the diff, want the one that goes and the one that comes", changed)
	}
	if w := b.state().writes(); len(w) != 0 {
		t.Fatalf("the plan wrote: %+v", w)
	}
	b.run("runs", "--config", b.conf).want(t, 0, `^this site has no runs`)
	b.applyPlan().want(t, 0, `created  jira`, `created  push`, `created  mr`, `created  link`, `parked, waiting`)
	files, added := b.changedLines()
	if len(files) != 1 || len(added) != 1 || added[0] != "ref: "+f.ReleaseSHA {
		t.Errorf("it changed %v in %v", added, files)
	}
	if mr := b.state().Gitlab.MergeRequests[0]; mr.Title != "AAP-61250 - chore(release): release "+f.ReleaseSHA[:12]+" to production" {
		t.Errorf("title %q", mr.Title)
	}
	before := len(b.state().writes())
	b.applyPlan().want(t, 0, `resuming run`)
	b.makePlan().want(t, 0, `exists already: AAP-61250`, `exists already: !3`, `nothing to write|0 writes`)
	b.forget()
	b.applyPlan().want(t, 0, `adopted  mr`)
	b.must(b.world.ApproveMR(3))
	b.applyPlan().want(t, 0, `done     Await team approval`)
	b.applyPlan().want(t, 2, `this plan was applied already, by run `)
	if after := len(b.state().writes()); after != before {
		t.Errorf("%d more writes", after-before)
	}
}

// TestApplyStops: what moved since the plan stops the apply before it writes,
// with the difference.
func TestApplyStops(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(b *bench) error
		says string
	}{
		{"production", func(b *bench) error { return b.world.MoveProduction(b.world.Fixtures().NoImageSHA) }, `prod\.text: [0-9a-f"]+ .* [0-9a-f"]+|\[conflict\]`},
		{"branch", func(b *bench) error { return b.world.MoveBranch("service/app-interface", "master") }, `deploy_file\.commit: `},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.makePlan().want(t, 0)
			b.must(tt.do(b))
			b.applyPlan().want(t, 1, tt.says)
			if w := b.state().writes(); len(w) != 0 {
				t.Errorf("it wrote: %+v", w)
			}
		})
	}
}

// TestPlanOfAFailure: a plan that would stop says where, and is not kept; one
// that someone changed is not applied.
func TestPlanOfAFailure(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := b.run("plan", "release_aa_backend_prod", "--config", b.conf, "--input", "commit_sha="+b.world.Fixtures().NoImageSHA, "--out", filepath.Join(b.dir, "plan.json"))
	r.want(t, 1, `Build first`, `\[not_found\]`)
	if _, err := os.Stat(filepath.Join(b.dir, "plan.json")); err == nil {
		t.Error("a plan that fails was kept")
	}
	b.applyPlan().want(t, 2, `the plan cannot be read`)
	b.must(os.WriteFile(filepath.Join(b.dir, "plan.json"), []byte(`{"version": 99}`), 0o600))
	b.applyPlan().want(t, 2, `not a plan that this skillrun can read`)

	b.makePlan().want(t, 0)
	file := filepath.Join(b.dir, "plan.json")
	text, err := os.ReadFile(file)
	b.must(err)
	for name, edit := range map[string]func(whole, run map[string]any){
		"text":    func(_, run map[string]any) { run["text"] = run["text"].(string) + "\n" },
		"work":    func(_, run map[string]any) { run["work"] = strings.Repeat("0", 32) },
		"id":      func(_, run map[string]any) { run["id"] = run["id"].(string)[:16] + "aaaaaa" },
		"skill":   func(_, run map[string]any) { run["skill"] = "another" },
		"command": func(_, run map[string]any) { run["command"] = "rm -rf /" },
		"again":   func(_, run map[string]any) { run["program"].(map[string]any)["again"] = 1 },
		"reads":   func(whole, _ map[string]any) { delete(whole, "reads") },
		"used":    func(whole, _ map[string]any) { whole["reads"].([]any)[0].(map[string]any)["used"] = []any{} },
		"deeds":   func(whole, _ map[string]any) { delete(whole, "manifest") },
		"outputs": func(whole, _ map[string]any) { delete(whole, "missing_outputs") },
		"unknown": func(whole, _ map[string]any) { whole["note"] = "trust me" },
	} {
		var whole map[string]any
		b.must(json.Unmarshal(text, &whole))
		edit(whole, whole["run"].(map[string]any))
		changed, err := json.Marshal(whole)
		b.must(err)
		b.must(os.WriteFile(file, changed, 0o600))
		if r := b.applyPlan(); r.code != 2 || !strings.Contains(r.log, "the plan was changed after it was made") {
			t.Errorf("%s: exit %d, %s", name, r.code, r.log)
		}
	}
	b.must(os.WriteFile(file, bytes.TrimSpace(text), 0o600))
	b.applyPlan().want(t, 0)
	b.applyPlan().want(t, 0, `resuming run`)
}
