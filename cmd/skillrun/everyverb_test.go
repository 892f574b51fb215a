package main

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
)

// TestEveryVerbInJSON runs each verb that the help names with --output json: one
// object on stdout, whatever the exit code. One that the table does not know fails.
func TestEveryVerbInJSON(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const file = "./verbs.yaml"
	b.skill("verbs", `name: verbs
identity: ["'one'"]
steps:
  - {id: a, uses: state_set, with: {name: n, value: 1}}
  - {id: ok, approve: "Sure?"}
`)
	b.skill("verbs_test", "cases: [{name: all, answers: {a: {returns: {}}, ok: {approves: ada}}}]\n")
	b.skill("wide", "name:  wide\n")
	b.on("run", file).want(t, 3, `parked`)
	verbs := []struct {
		args string
		code int
		has  string // a member of the object
	}{
		{"run " + file, 3, "question"},
		{"plan " + file, 0, "writes"},
		{"plan " + file + " --out plan.json", 0, "writes"},
		{"check " + file, 0, "skills"},
		{"fmt " + file, 0, "files"},
		{"fmt ./wide.yaml --check", 1, "files"},
		{"new made", 0, "files"},
		{"new ./again.yaml --from last", 0, "files"},
		{"test " + file, 0, "suites"},
		{"explain maybe-absent", 0, "text"},
		{"doctor", 0, ""},
		{"lock " + file, 0, "files"},
		{"list", 0, "skills"},
		{"show " + file, 0, "steps"},
		{"graph " + file, 0, "graph"},
		{"docs " + file, 0, "page"},
		{"steps", 0, "steps"},
		{"schema", 0, "schemas"},
		{"eval --run last inputs", 0, "type"},
		{"version", 0, "version"},
		{"runs", 0, "runs"},
		{"runs last", 0, "effects"},
		{"runs prune", 0, "runs"},
		{"verify last", 0, ""},
		{"audit", 0, "kind"},
		{"trust --list", 0, "folders"},
		{"verify --all", 0, "damaged"},
		{"resume last", 3, "question"},
		{"approve last", 3, "question"},
		{"resolve last a --not-done", 1, "error"},
		{"apply plan.json", 3, "question"},
		{"undo last", 3, "reversals"},
		{"export last --plain --out run.skillrun", 0, "next"},
		{"import run.skillrun", 0, "next"},
		{"reject last", 0, "state"},
		{"cancel last", 2, "error"},
		{"undo last --yes", 0, "reversals"},
		{"sandbox reset", 0, "state"},
	}
	named := map[string]bool{"completion": true, "help": true, "lsp": true} // texts for shells and people, and a protocol of its own
	for _, v := range verbs {
		args := strings.Fields(v.args)
		named[args[0]] = true
		if args[0] != "sandbox" && args[0] != "version" && args[0] != "steps" && args[0] != "schema" {
			args = append(args, "--config", b.conf)
		}
		r := b.run(append(args, "--output", "json")...)
		var object map[string]any
		if args[0] == "audit" { // a line for each action
			r.out, _, _ = strings.Cut(r.out, "\n")
		}
		if err := json.Unmarshal([]byte(r.out), &object); err != nil || r.code != v.code {
			t.Errorf("%s: exit %d, want %d; %v\n%s\n%s", v.args, r.code, v.code, err, r.out, r.log)
			continue
		}
		if has, there := object[v.has]; v.has != "" && (!there || has == nil) {
			t.Errorf("%s: there is no %s in\n%s", v.args, v.has, r.out)
		}
	}
	_, help, _ := strings.Cut(b.run("--help").out, "Available Commands:\n")
	help, _, _ = strings.Cut(help, "\n\n")
	found := regexp.MustCompile(`(?m)^  (\S+)`).FindAllStringSubmatch(help, -1)
	if len(found) < 15 {
		t.Fatalf("the help names %d verbs", len(found))
	}
	for _, m := range found {
		if !named[m[1]] {
			t.Errorf("nothing here runs %s with --output json", m[1])
		}
	}
}
