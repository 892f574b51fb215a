package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// printed finds the commands that an ending prints: behind a colon or in
// backquotes.
var printed = regexp.MustCompile("(?m)(?:^|: |`)(skillrun [^`;\n]+?)(?:$|`|; |, or )")

// ending is a command after which people are told what they can do, and the
// verbs of the commands that have to be among what is printed.
type ending struct{ name, line, want string }

var endings = []ending{
	{"done", "skillrun ./note.yaml FLAGS --yes --input name=done", "note.yaml"},
	{"done, with a text of its own", "skillrun ./back.yaml FLAGS --input name=x", "back.yaml greet"},
	{"without consent", "skillrun ./note.yaml FLAGS --input name=consent", "approve resume"},
	{"nobody to approve", "skillrun ./note.yaml FLAGS --input name=lonely >/dev/null 2>&1; skillrun approve FLAGS last", "approve"},
	{"waits for a person", "skillrun ./ask.yaml FLAGS", "approve resume"},
	{"of other inputs", "skillrun ./ask.yaml FLAGS --input note=other", "resume"},
	{"failed", "skillrun ./fail.yaml FLAGS --yes", "resume undo"},
	{"cancelled when done", "skillrun ./note.yaml FLAGS --yes --input name=last; skillrun cancel last FLAGS", "undo"},
	{"approved when done", "skillrun ./note.yaml FLAGS --yes --input name=last; skillrun approve last FLAGS", "runs"},
	{"outcome unknown", "skillrun ./die.yaml FLAGS --yes; skillrun resume last FLAGS --yes", "resolve resume"},
	{"resolved", "skillrun resolve last die --not-done FLAGS", "resume"},
	{"resolved when done", "skillrun ./note.yaml FLAGS --yes --input name=known; skillrun resolve last note --not-done FLAGS", "runs"},
	{"killed", "skillrun ./die.yaml FLAGS --yes --again 1; skillrun runs FLAGS", "resume"},
	{"nobody to undo", "skillrun ./fail.yaml FLAGS --yes --again 1; skillrun undo last FLAGS", "undo"},
	{"planned", "skillrun plan ./note.yaml FLAGS --input name=planned --out plan.json", "apply"},
	{"applied twice", "skillrun apply plan.json FLAGS; skillrun apply plan.json FLAGS", "runs"},
	{"no run named", "skillrun undo FLAGS", "runs"},
}

// TestPrintedCommandsCanBePasted pastes what each ending prints, where the site
// is one that flags lead to.
func TestPrintedCommandsCanBePasted(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string]string{"configuration": "--config 'a b.yaml'", "sandbox": "--sandbox"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReader(t)
			own, err := os.ReadFile(filepath.Join(r.home, ".config", "skillrun", "skillrun.yaml"))
			r.must(err)
			r.write("a b.yaml", strings.ReplaceAll(string(own), "confirm: never, ", ""))
			r.write("die.sh", "kill -9 $PPID\n")
			write := "  - {id: note, uses: exec, with: {program: touch, args: [\"${{ inputs.name }}\"], find: {program: test, args: [\"-e\", \"${{ inputs.name }}\"]}}}\n"
			inputs := "inputs:\n  name: {type: string, default: x, pattern: \"^[a-z]+$\"}\n  note: {type: string, default: \"\"}\n"
			r.write("note.yaml", "name: note\nidentity: [inputs.name]\n"+inputs+"steps:\n"+write)
			r.write("greet.yaml", "name: greet\n"+inputs+"steps:\n  - {id: a, set: {b: 1}}\n")
			r.write("back.yaml", "name: back\n"+inputs+"steps:\n  - {id: a, set: {b: 1}}\noutputs:\n  summary: \"Back: ${{ run.program }} ./greet.yaml --input name=${{ inputs.name }}\"\n")
			r.write("ask.yaml", "name: ask\nidentity: [\"'one'\"]\n"+inputs+"steps:\n  - {id: ok, approve: \"Sure?\"}\n")
			r.write("fail.yaml", "name: fail\nidentity: [\"'one'\"]\nsteps:\n  - {id: n, uses: jira_create_issue, with: {project: AAP, type: Story, summary: A summary}}\n  - {id: f, fail: no}\n")
			r.write("die.yaml", "name: die\nidentity: [\"'one'\"]\nsteps:\n  - {id: die, uses: exec, with: {program: sh, args: [\""+filepath.Join(r.dir, "die.sh")+"\"]}}\n")
			for _, e := range endings {
				if name != "sandbox" || !strings.HasPrefix(e.name, "nobody to approve") && e.name != "without consent" { // it asks no one
					e.paste(r, flags)
				}
			}
		})
	}
}

func (e ending) paste(r *reader, flags string) {
	r.t.Helper()
	line := strings.ReplaceAll(e.line, "FLAGS", flags)
	out, _ := r.command(line).CombinedOutput() // how it ends is the case
	var seen []string
	for _, m := range printed.FindAllStringSubmatch(string(out), -1) {
		cmd := strings.NewReplacer("REF", "x", " RUN", " last").Replace(m[1])
		seen = append(seen, cmd)
		if !strings.Contains(cmd, strings.Fields(flags)[0]) {
			r.t.Errorf("%s: %s does not lead back to the site (%s)\n%s", e.name, cmd, flags, out)
		}
		if strings.HasPrefix(cmd, "skillrun undo") && e.name == "failed" {
			continue // later endings are of what is there
		}
		got, err := r.command(cmd).CombinedOutput()
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.ExitCode() == 2 {
			r.t.Errorf("%s: pasted, %s is refused:\n%s", e.name, cmd, got)
		}
	}
	for _, verb := range strings.Fields(e.want) {
		if !strings.Contains(strings.Join(seen, "\n"), filepath.Base(verb)) {
			r.t.Errorf("%s: no command with %s is printed:\n$ %s\n%s", e.name, verb, line, out)
		}
	}
}
