package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefusedApplyGoesOn: a refused plan ends its run. It says to plan again and
// nothing else, no step is said to have failed, and no verb resumes the run.
func TestRefusedApplyGoesOn(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.makePlan().want(t, 0)
	b.must(b.world.MoveBranch("service/app-interface", "master"))
	r := b.applyPlan()
	r.want(t, 1, `what the plan read has changed`, `check it, and plan again`, `refused: run `, `plan again: skillrun plan release_aa_backend_prod .*--out plan\.json`)
	for _, never := range []string{"to continue:", "failed   Create Jira issue", "error: jira"} {
		if strings.Contains(r.log, never) {
			t.Errorf("it says %q in\n%s", never, r.log)
		}
	}
	shown := b.on("runs", "last")
	shown.want(t, 0, `: refused`, `what the plan read has changed`)
	if list := b.on("runs"); strings.Contains(list.out+shown.out, "to continue") {
		t.Errorf("runs goes on:\n%s\n%s", list.out, shown.out)
	}
	for _, verb := range [][]string{{"resume", "last"}, {"resume", "last", "--yes"}, {"approve", "last"}, {"reject", "last"}, {"cancel", "last"}} {
		b.on(verb...).want(t, 2, `was refused`, `plan again`)
	}
	b.on("undo", "last", "--yes").want(t, 0, `nothing to undo`)
	b.applyPlan().want(t, 2, `this plan was applied already`)
	if w := b.state().writes(); len(w) != 0 {
		t.Fatalf("it wrote: %+v", w)
	}
	b.makePlan().want(t, 0)
	b.applyPlan().want(t, 0, `created  mr`)
}

// TestApprovalIsShown: once someone has approved, runs says who and when, and
// proposes to continue without another consent.
func TestApprovalIsShown(t *testing.T) {
	t.Parallel()
	b := newBench(t).always()
	b.release(b.sha()).want(t, 3)
	b.on("runs").want(t, 0, `parked, needs consent`, `to continue: skillrun resume .* --yes`)
	b.on("approve", "last", "--digest", b.shown("last")).want(t, 0)
	for _, args := range [][]string{{"runs"}, {"runs", "last"}} {
		r := b.on(args...)
		r.want(t, 0, `(?s)approved by ada \(user of this machine\) at .{1,100}the run continues when it is resumed`, `to continue: skillrun resume \S+ --config \S+\n`)
		if strings.Contains(r.out, "waits for consent") || strings.Contains(r.out, "--yes") {
			t.Errorf("it still asks:\n%s", r.out)
		}
	}
	b.on("runs", "--output", "json").want(t, 0, `"answer": \{\n *"what": "approved"`)
	b.must(b.world.MoveProduction(b.world.Fixtures().OlderSHA))
	b.on("resume", "last").want(t, 3, `what was approved is not what would be written now`)
	b.on("runs").want(t, 0, `parked, needs consent`, `--yes`) // it was of another plan
}

// TestWriteDoneAgain: a group that begins again does a program again only when its
// step, or a person, says so.
func TestWriteDoneAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, repeatable string
		words            []string // to resolve
		want             int      // times that it ran
	}{
		{"a person says so", "", []string{"--not-done"}, 2},
		{"a person says that it stands", "", []string{"--done"}, 1},
		{"the step says so", ", repeatable: true", nil, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			count, flag := filepath.Join(b.dir, "count"), filepath.Join(b.dir, "flag")
			file, script := filepath.Join(b.dir, "rc.yaml"), filepath.Join(b.dir, "count.sh")
			b.must(os.WriteFile(script, []byte("echo x >> '"+count+"'\n"), 0o600))
			b.must(os.WriteFile(file, []byte(`name: rc
steps:
  - id: g
    steps:
      - {id: w, uses: exec, with: {program: /bin/sh, args: ["`+script+`"]}`+tt.repeatable+`}
      - {id: x, uses: exec_read, with: {program: /bin/cat, args: ["`+flag+`"]}}
    always: [{id: z, set: {a: 1}}]
outputs:
  code: ${{ steps.w.exit_code }}
`), 0o600))
			ran := func() int {
				text, err := os.ReadFile(count)
				b.must(err)
				return strings.Count(string(text), "x")
			}
			b.on("run", file).want(t, 1)
			b.must(os.WriteFile(flag, nil, 0o600))
			if tt.words != nil {
				for range 2 {
					b.on("resume", "last").want(t, 3, `exec was done before`, `to continue: skillrun resolve \S+ g/w .*--not-done`)
				}
				b.on("runs").want(t, 0, `parked, would repeat`, `to continue: skillrun resolve \S+ g/w `)
				if n := ran(); n != 1 {
					t.Fatalf("it ran %d times", n)
				}
				b.on(append([]string{"resolve", "last", "g/w"}, tt.words...)...).want(t, 0, `to continue: skillrun resume`)
				b.on("runs").want(t, 0, `parked, resolved`, `to continue: skillrun resume`)
			}
			b.on("resume", "last").want(t, 0, `code: 0`)
			if n := ran(); n != tt.want {
				t.Errorf("it ran %d times, want %d", n, tt.want)
			}
		})
	}
}
