package steps

import (
	"fmt"
	mrand "math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/skillrun/skillrun/engine"
)

// TestPlansAgree: skills drawn from a seed, of writes and of reads behind them,
// are planned, agreed to by the digest and run, and run with consent in a world
// of their own. What a plan showed as certain happened so, leaf by leaf; all
// that came otherwise was marked.
func TestPlansAgree(t *testing.T) {
	t.Parallel()
	skills := map[string]uint64{"": 20, "ci": 60, "full": 500}[os.Getenv("SKILLRUN_SWEEP")]
	var all figures
	t.Run("skills", func(t *testing.T) {
		for seed := range skills {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				f := agree(t, seed)
				all.mu.Lock()
				defer all.mu.Unlock()
				all.add(f)
			})
		}
	})
	t.Logf("%d skills: %d reads shown, %d marked as known later, of these %d would have said the same; %d writes shown, %d undecided, %d failing; %d outputs shown, %d marked; %d runs failed, %d of them as planned; %d writes to Jira, %d to GitLab, %d pushes",
		skills, all.shown, all.later, all.needless, all.writes, all.undecided, all.failing, all.outputs, all.missing, all.failed, all.foretold, all.tickets, all.requests, all.pushes)
	if all.shown == 0 || all.later == 0 || all.needless == all.later || all.undecided == 0 || all.failing == 0 || all.failed == 0 || all.tickets == 0 || all.requests == 0 || all.pushes == 0 {
		t.Error("the skills do not try what they are for")
	}
}

// figures count what was compared.
type figures struct {
	mu                                                                                     sync.Mutex
	shown, later, needless, writes, undecided, failing, outputs, missing, failed, foretold int
	tickets, requests, pushes                                                              int // writes to each that were done
}

func (f *figures) add(g *figures) {
	f.shown, f.later, f.needless = f.shown+g.shown, f.later+g.later, f.needless+g.needless
	f.writes, f.undecided, f.failing = f.writes+g.writes, f.undecided+g.undecided, f.failing+g.failing
	f.outputs, f.missing = f.outputs+g.outputs, f.missing+g.missing
	f.failed, f.foretold = f.failed+g.failed, f.foretold+g.foretold
	f.tickets, f.requests, f.pushes = f.tickets+g.tickets, f.requests+g.requests, f.pushes+g.pushes
}

const inputs = "inputs: {root: {type: string, required: true}, repo: {type: string, pattern: '^http://127[.]', required: true}}\n"

func agree(t *testing.T, seed uint64) *figures {
	called := draw{r: mrand.New(mrand.NewPCG(seed, 1))}
	inside := "name: called\n" + inputs + "steps:\n" + called.sequence("    ", 3)
	d := draw{r: mrand.New(mrand.NewPCG(seed, 2))}
	text := "name: drawn\n" + inputs + "steps:\n" + d.sequence("  ", 8) + "outputs:\n  n: done\n"
	for i, e := range d.seen {
		text += fmt.Sprintf("  o%d: ${{ %s }}\n", i, e)
	}
	return agreeOn(t, text, inside)
}

// agreeOn checks the plan of a skill against its runs.
func agreeOn(t *testing.T, text, inside string) *figures {
	j := &judge{T: t, text: text, inside: inside}
	one, other := newSite(t, inside), newSite(t, inside)
	j.plan = j.planned(one)
	j.hold(one, j.agreed(one))
	j.replay(one, other)
	again := &judge{T: t, text: text, inside: inside, plan: j.plan} // whose figures would be the same
	again.hold(other, again.started(other, engine.Options{Consent: engine.Given}))
	return &j.figures
}

// TestPlansOfOneThingTwice: what an earlier write of the same plan may have done
// already is not shown as what a later one does.
func TestPlansOfOneThingTwice(t *testing.T) {
	t.Parallel()
	const repo, file = `repo: "${{ inputs.repo }}", `, "file: deploy.yml, jsonpath: $.ref, value: "
	for name, tc := range map[string]struct {
		steps, outputs string
		marked         []string // outputs that the plan does not know
	}{
		"transitions": {`
  - {id: a, uses: jira_transition, with: {issue: AAP-100, status: In Progress}}
  - {id: b, uses: jira_transition, with: {issue: AAP-100, status: Done}}
  - {id: c, uses: jira_transition, with: {issue: AAP-100, status: Done}}
`, "{a: '${{ steps.a.changed }}', b: '${{ steps.b.changed }}', c: '${{ steps.c.changed }}', d: '${{ steps.c.status }}'}", []string{"b", "c"}},
		"a transition behind another write": {`
  - {id: a, uses: jira_add_comment, with: {issue: AAP-100, body: x}}
  - {id: b, uses: jira_transition, with: {issue: AAP-100, status: To Do}}
`, "{b: '${{ steps.b.changed }}'}", []string{"b"}},
		"an issue behind another write": {`
  - {id: a, uses: jira_add_comment, with: {issue: AAP-100, body: x}}
  - {id: b, uses: jira_create_issue, with: {project: AAP, summary: x}}
`, "{b: '${{ steps.b.created }}'}", []string{"b"}},
		"commits": {`
  - {id: r, uses: git_read_file, with: {` + repo + `path: deploy.yml}}
  - {id: w, uses: git_checkout, with: {` + repo + `commit: "${{ steps.r.commit }}", paths: [deploy.yml]}}
  - {id: br, uses: git_branch_create, with: {workspace: app, branch: r1}}
  - {id: y, uses: yaml_set, with: {workspace: app, ` + file + `one}}
  - {id: c, uses: git_commit, with: {workspace: app, message: one}}
  - {id: z, uses: yaml_set, with: {workspace: app, ` + file + `two}}
  - {id: d, uses: git_commit, with: {workspace: app, message: two}}
  - {id: p, uses: git_push, with: {workspace: app}}
  - {id: m, uses: gitlab_mr_create, with: {project: team/app, source_branch: r1, title: x, labels: [b, a]}}
  - {id: n, uses: gitlab_mr_note, with: {project: team/app, iid: "${{ steps.m.iid }}", body: x}}
`, "{a: '${{ steps.z.old }}', b: '${{ len(steps.d.files) }}', c: '${{ steps.m.labels }}', d: '${{ steps.n.iid }}'}", []string{"d"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := "name: drawn\n" + inputs + "steps:" + tc.steps + "outputs: " + tc.outputs + "\n"
			j := &judge{T: t, text: text}
			if p := j.planned(newSite(t, "")); !slices.Equal(p.Missing, tc.marked) {
				t.Errorf("marked: %v, want %v; shown: %v", p.Missing, tc.marked, p.Outputs)
			}
			agreeOn(t, text, "")
		})
	}
}
