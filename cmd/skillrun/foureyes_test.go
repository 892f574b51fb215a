package main

import (
	"regexp"
	"strings"
	"testing"
)

const gated = `name: gated
identity: ["'one'"]
steps:
  - id: gate
    approve:
      text: Let the release go on?
      by: [bob, alice]
      not: requester
      uses: gitlab_mr_approval
      with: {project: service/app-interface, iid: 3}
  - {id: set, uses: state_set, with: {name: n, value: 1}}
outputs:
  by: ${{ steps.gate.by }}
  commit: ${{ steps.gate.digest }}
  from: ${{ steps.gate.known_by }}
  at: ${{ steps.gate.at ?? "" }}
`

// TestFourEyes: a rule about who may approve is held where people log in. The run
// waits for the merge request's own approvals, and tells who approved which commit
// and how that is known.
func TestFourEyes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.release(b.sha())
	b.skill("gated", gated)
	b.skill("other", strings.NewReplacer("gated", "other", "[bob, alice]", "[bob]").Replace(gated))
	b.on("run", "./gated.yaml").want(t, 0, `waiting  Let the release go on\?`, `parked, waiting`)
	b.must(b.world.ApproveMR(3))
	b.on("run", "./other.yaml").want(t, 0, `parked, waiting`)
	host := strings.TrimPrefix(b.world.URL(), "http://")
	r := b.on("run", "./gated.yaml", "--output", "json").json(t)
	commit, _ := r.Outputs["commit"].(string)
	if r.State != "done" || r.Outputs["by"] != "alice" || r.Outputs["from"] != host || !regexp.MustCompile(`^[0-9a-f]{40}$`).MatchString(commit) || r.Outputs["at"] == "" {
		t.Fatalf("%s %v", r.State, r.Outputs)
	}
	b.on("runs", r.Run).want(t, 0, `approved gate by alice \(user of `+host+`\): commit `+commit)
	b.on("runs", r.Run, "--output", "json").want(t, 0, `"known_by": "`+host+`"`, `"plan": "`+commit+`"`)
	b.on("audit", r.Run).want(t, 0, `"kind":"approved","by":"alice","known_by":"`+host+`","step":"gate","type":"gitlab_mr_approval","service":"gitlab","host":"`+host+
		`","what":"approve merge request","link":"[^"]+/merge_requests/3","plan":"`+commit+`"}`)
}

// TestUnprovedRules: where only the machine says who someone is, a rule about who
// may approve is refused with its place, before anything runs; and the run says
// whose word it is.
func TestUnprovedRules(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.skill("ruled", "name: ruled\nsteps:\n  - id: ok\n    approve:\n      text: Sure?\n      by: [ana]\n      not: requester\n")
	b.on("run", "./ruled.yaml").want(t, 2, `ruled.yaml:6:11`, `ruled.yaml:7:12`, `unauthenticated-rule`,
		`the approver is not authenticated here, so by cannot be enforced`, `add uses: gitlab_mr_approval and with`)
	b.skill("plain", "name: plain\nidentity: [\"'one'\"]\nsteps:\n  - {id: ok, approve: {text: \"Sure?\"}}\noutputs: {by: \"${{ steps.ok.by }}\", plan: \"${{ steps.ok.digest }}\", known: \"${{ steps.ok.known_by }}\"}\n")
	b.on("run", "./plain.yaml").want(t, 3)
	digest := b.shown("last")
	b.on("approve", "last", "--digest", digest, "--output", "json").want(t, 0, `"known_by": "machine"`)
	b.on("runs").want(t, 0, `approved by \S+ \(user of this\s+machine\) at`)
	r := b.on("resume", "last", "--output", "json").json(t)
	if r.Outputs["known"] != "machine" || r.Outputs["plan"] != digest || r.Outputs["by"] == "" {
		t.Error(r.Outputs)
	}
}
