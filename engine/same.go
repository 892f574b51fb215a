package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/runtime/journal"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// A run is resumed by the program that it was started with, and by no other
// of the same name: whoever asks for another one is told how it differs, and
// chooses.

// The kinds of places that a skill is found in.
const (
	FromBuiltIn = "built in"
	FromUser    = "your own skills" // the user's folder, or one of SKILLRUN_PATH
	FromFolder  = "a folder"        // the working directory's skills, or a file that was named
)

// Unfinished is a run of the same work that is not finished.
type Unfinished struct {
	Run string
	// Differs says line by line how its program, its inputs, its configuration and
	// what it may reach differ from what would run now; empty when they do not.
	Differs []string
}

// Unfinished looks for a run that starting the skill would resume; nil when there
// is none.
func (e *Engine) Unfinished(b *Bound, o Options) *Unfinished {
	if b.Identity == nil {
		return nil
	}
	id, found, err := e.store.Unfinished(step.Hash(16, b.Work("")...))
	if err != nil || !found {
		return nil
	}
	records, old, start, err := e.load(id)
	if err != nil {
		return &Unfinished{Run: id}
	}
	differs := append(differences(old, records[0].Run, b, o.Origin), e.elsewhereNow(records, old, start)...)
	for _, d := range e.sameInputs(id, b.Program, nil) {
		differs = append(differs, d.At.File+": "+d.Message)
	}
	return &Unfinished{Run: id, Differs: differs}
}

// elsewhereNow says what a run would reach now and may not, and the other way round.
func (e *Engine) elsewhereNow(records []journal.Record, p *program.Program, start machine.Start) []string {
	c, none := reachChange(records, e.reach(p, start))
	if none {
		return nil
	}
	return append([]string{"what it would reach now (- is what the run may reach):"}, c.Lines()...)
}

// sameProgram refuses to resume an unfinished run that was started with another program.
func (e *Engine) sameProgram(id string, b *Bound, o Options) error {
	records, old, _, err := e.load(id)
	if err != nil {
		return nil // resuming says what is wrong with it
	}
	differs := differences(old, records[0].Run, b, o.Origin)
	if len(differs) == 0 {
		return nil
	}
	return types.Errorf(types.Conflict, "run %s of the same work is not finished, and has another program:%s", id, Indented(differs)).
		WithHint("resume it with the program it was started with: %s; or end it and start a new run with this one: --anew; or start new work: --again 1", e.command("resume", id))
}

// Indented writes lines below each other, each further in than what is said
// about them.
func Indented(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString("\n  " + line)
	}
	return b.String()
}

// restart ends an unfinished run of the same work, and makes another.
func (e *Engine) restart(ctx context.Context, id string, h journal.RunHeader, o Options) (*journal.File, error) {
	if err := e.Cancel(ctx, id, "replaced by a new run", Options{Observe: o.Observe, AcceptedReach: o.AcceptedReach, ConfirmReach: o.ConfirmReach}); err != nil {
		return nil, err
	}
	j, unfinished, err := e.store.Start(h)
	if err == nil && unfinished != "" {
		err = types.Errorf(types.Conflict, "another process executes run %s of the same work; it was asked to stop", unfinished).
			WithHint("run the command again when it has ended: `%s` shows it", e.command("runs", unfinished))
	}
	return j, err
}

// Changed says how a skill is not any more what a run was started from, and which
// files differ: now is the run's own text with what it calls as that is today, text
// the skill's text of today, nil when it is gone.
func (e *Engine) Changed(id string, now *Skill, text []byte) (differs, files []string) {
	records, old, _, err := e.load(id)
	if err != nil {
		return nil, nil
	}
	h := records[0].Run
	if differs = []string{"it is not there any more"}; text != nil {
		differs = textDiffers(h.File, h.Text, string(text))
	}
	if len(differs) > 0 {
		files = append(files, h.File)
	}
	calls, called := callsDiffer(old.Steps, now.Steps)
	return append(differs, calls...), append(files, called...)
}

// differences says how two programs of the same work differ, places in files apart.
func differences(was *program.Program, h *journal.RunHeader, is *Bound, from Origin) []string {
	var out []string
	if h.Origin != "" && from.Kind != "" && h.Origin != from.Kind {
		out = append(out, fmt.Sprintf("the skill is from %s (%s), and that of the run from %s (%s)", from.Kind, is.Skill.File, h.Origin, h.File))
	}
	out = append(out, textDiffers(h.File, h.Text, string(is.Skill.Text))...)
	calls, _ := callsDiffer(was.Steps, is.Steps)
	out = append(out, calls...)
	return append(out, valuesDiffer("config value ", was.Config, is.Config)...)
}

// mostLines is how many lines of a text are shown that differ.
const mostLines = 12

// textDiffers shows the lines between the first and the last that differ.
func textDiffers(file, was, is string) []string {
	if was == is {
		return nil
	}
	a, b := strings.Split(was, "\n"), strings.Split(is, "\n")
	first := 0
	for first < min(len(a), len(b)) && a[first] == b[first] {
		first++
	}
	last := 0
	for last < min(len(a), len(b))-first && a[len(a)-1-last] == b[len(b)-1-last] {
		last++
	}
	out := []string{fmt.Sprintf("the text of the skill (- is the run's, from %s:%d on):", file, first+1)}
	show := func(sign string, lines []string) {
		for i, line := range lines {
			if i == mostLines {
				out = append(out, fmt.Sprintf("%s … %d more", sign, len(lines)-i))
				return
			}
			out = append(out, sign+" "+clipped(line))
		}
	}
	show("-", a[first:len(a)-last])
	show("+", b[first:len(b)-last])
	return out
}

// clipped is a line that is not too long to be looked at.
func clipped(line string) string {
	if r := []rune(line); len(r) > 160 {
		return string(r[:159]) + "…"
	}
	return line
}

// callsDiffer compares what two programs call, by name and in order; files are those
// whose texts differ.
func callsDiffer(was, is []program.Node) (out, files []string) {
	before, now := callsOf(was), callsOf(is)
	for _, name := range types.SortedKeys(before) {
		others, there := now[name]
		if !there {
			continue // the text of whoever calls it differs, and is told
		}
		for i, call := range before[name][:min(len(before[name]), len(others))] {
			if call.TextDigest != others[i].TextDigest {
				file := fileOf(others[i])
				files = append(files, file)
				out = append(out, fmt.Sprintf("the %s: the text of %s has the digest %.12s, and that of the run %.12s", calledTitle(call), file, others[i].TextDigest, call.TextDigest))
			} else if others[i].Config != nil {
				out = append(out, valuesDiffer("config value of "+call.Uses()+" ", call.Config, others[i].Config)...)
			}
		}
	}
	slices.Sort(out)
	slices.Sort(files)
	return slices.Compact(out), slices.Compact(files)
}

// fileOf is the file of what is called: its steps stand there.
func fileOf(c *program.Call) string { return c.Steps[0].At.File }

func calledTitle(c *program.Call) string {
	if c.StepType {
		return c.Title()
	}
	return "called " + c.Title()
}

func callsOf(nodes []program.Node) map[string][]*program.Call {
	out := map[string][]*program.Call{}
	program.Each(nodes, func(n *program.Node) {
		if n.Call != nil {
			out[n.Call.Key()] = append(out[n.Call.Key()], n.Call)
		}
	})
	return out
}

func valuesDiffer(what string, was, is types.Values) []string {
	var out []string
	names := append(types.SortedKeys(was), types.SortedKeys(is)...)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if a, b := types.Show(was[name]), types.Show(is[name]); a != b {
			out = append(out, fmt.Sprintf("%s%s: %q, and %q in the run", what, name, clipped(b), clipped(a)))
		}
	}
	return out
}

// sameInputs refuses to resume an unfinished run of the same work that has
// other inputs: what was asked for now would silently not be done.
func (e *Engine) sameInputs(id string, p *program.Program, set []string) diag.List {
	var diags diag.List
	_, old, _, err := e.load(id)
	if err != nil {
		return nil // resuming says what is wrong with it
	}
	differ := func(flag string, names []string, was, is types.Values) {
		for _, name := range names {
			if before := types.Show(was[name]); before != types.Show(is[name]) {
				diags.Errorf("other-inputs", diag.Range{File: flag + " " + name}, "run %s of the same work is not finished, and has %s=%s", id, name, before).
					Hint = "resume it: " + e.command("resume", id) + "; or end it and start a new run with these: --anew; or start new work: --again 1"
			}
		}
	}
	differ("--input", types.SortedKeys(p.Inputs), old.Inputs, p.Inputs)
	differ("--set", set, old.Config, p.Config)
	return diags
}
