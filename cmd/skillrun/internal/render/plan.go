package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/types"
)

// Plan prints what is read, written and asked, and what that touches.
func Plan(w io.Writer, p plan.Plan, colour bool) {
	g := page{w: w, colour: colour}
	g.reads(p.Reads)
	g.body(p.Forecast)
	if p.Failure != nil {
		return // what would come after it was not looked at
	}
	g.counted(p.Forecast)
	fmt.Fprintln(w)
	for _, line := range p.Run.Reach {
		fmt.Fprintf(w, "reaches: %s\n", Flat(line))
	}
	fmt.Fprintf(w, "digest: %s\n", p.Digest)
}

// Question prints what a run asks: to agree to the writes that are left or, at
// an approve step, to what that step shows.
func Question(w io.Writer, q engine.Question, colour bool) {
	g := page{w: w, colour: colour}
	f := q.Forecast
	if q.Node != "" {
		f.Questions = slices.DeleteFunc(slices.Clone(f.Questions), func(x plan.Question) bool { return x.Path == q.Node })
	}
	if head := about(f.Writes); head != "" {
		fmt.Fprintf(w, "\n%s about to happen:\n", head)
	}
	g.reads(slices.DeleteFunc(slices.Clone(f.Reads), func(r plan.Read) bool { return r.After == "" })) // later: those behind a write
	g.body(f)
	if f.Failure == nil {
		g.counted(f)
	}
	fmt.Fprintln(w)
	if q.Node == "" {
		return
	}
	g.block("  ", g.bold(Clean(q.Message))) // last, where it is seen on a small screen
	if q.Show != nil {
		g.show("    ", types.Show(q.Show))
	}
}

func about(writes []plan.Write) string {
	n := 0
	for _, x := range writes {
		if x.Sends() {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return "one write is"
	}
	return fmt.Sprintf("%d writes are", n)
}

// page lays a plan out. Texts from outside are cleaned before they get colours.
type page struct {
	w      io.Writer
	colour bool
}

func (g page) paint(code, s string) string {
	if !g.colour || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (g page) bold(s string) string { return g.paint("1", s) }

// flat is a text from outside on one line: no other line of it looks like one of ours.
func flat(s string) string { return strings.ReplaceAll(Clean(s), "\n", " ") }

// body prints the writes and questions in the order of the run.
func (g page) body(f plan.Forecast) {
	for i, x := range f.Writes {
		g.questions(f.Questions, i)
		g.write(i+1, x)
	}
	if len(f.Local) > 0 {
		fmt.Fprintln(g.w)
		g.local(f.Local)
	}
	g.questions(f.Questions, len(f.Writes))
}

// questions prints those that the run comes to after so many writes.
func (g page) questions(all []plan.Question, after int) {
	all = slices.DeleteFunc(slices.Clone(all), func(q plan.Question) bool { return q.After != after })
	if len(all) > 0 {
		fmt.Fprintln(g.w)
	}
	for _, q := range all {
		g.question(q)
	}
}

// counted prints how many writes there are, and the manifest.
func (g page) counted(f plan.Forecast) {
	fmt.Fprintf(g.w, "\n%s\n", g.bold(Clean(plan.Summary(f.Writes))))
	if len(f.Manifest) == 0 {
		return
	}
	fmt.Fprintf(g.w, "\n%s", aligned(func(tw io.Writer) {
		fmt.Fprintf(tw, "  service\thost\tobject\tverb\treversible\n")
		for _, d := range f.Manifest {
			reversible := map[bool]string{true: "yes", false: "no"}[d.Reversible]
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\t%s\n", orDash(d.Service), orDash(flat(d.Host)), orDash(d.Object), orDash(d.Verb), reversible)
		}
	}))
}

// reads prints each read on a line; of a long loop those of the first items.
func (g page) reads(all []plan.Read) {
	shown, left := map[string]map[string]bool{}, map[string]int{}
	for _, r := range all {
		if item := itemAround(r.Path); item != "" {
			loop := ParentOf(item)
			if shown[loop] == nil {
				shown[loop] = map[string]bool{}
			}
			if len(shown[loop]) >= shownItems && !shown[loop][item] {
				left[loop]++
				continue
			}
			shown[loop][item] = true
		}
		g.read(r)
	}
	for _, loop := range types.SortedKeys(left) {
		fmt.Fprintf(g.w, "read  %d more of %s\n", left[loop], flat(loop))
	}
}

func (g page) read(r plan.Read) {
	fmt.Fprintf(g.w, "read  %s%s", flat(r.Name), flat(aside(r.Path, r.Node, false, "")))
	if r.After != "" {
		fmt.Fprintf(g.w, ": known after %s", flat(r.After))
	} else if name, value := summaryMember(r); name != "" {
		fmt.Fprintf(g.w, ": %s %s", strings.ReplaceAll(name, "_", " "), flat(value))
	}
	fmt.Fprintln(g.w)
}

// tellers are the members of a result that tell it best.
var tellers = []string{
	"value", "digest", "sha", "text", "relation", "key", "reference", "branch", "commit", "state", "status", "total", "count", "looked_at", "web_url", "url", "id",
}

// summaryMember is the member that tells a result best, one the skill uses if it can.
func summaryMember(r plan.Read) (name, value string) {
	for _, mustUse := range []bool{true, false} {
		for _, name := range tellers {
			v, there := r.Output[name]
			if s := types.Show(v); there && s != "" && !strings.Contains(s, "\n") && len(s) <= 120 && (!mustUse || slices.Contains(r.Used, name)) {
				return name, s
			}
		}
	}
	return "", ""
}

func (g page) write(n int, x plan.Write) {
	fmt.Fprintf(g.w, "\n%d. %s%s\n", n, g.bold(flat(x.Name)), flat(aside(x.Path, x.Node, x.Undecided, x.If)))
	g.local(x.Local)
	switch x.Outcome {
	case plan.Adopt:
		fmt.Fprintf(g.w, "   exists already: %s\n", flat(x.Ref))
		return
	case plan.Update:
		fmt.Fprintf(g.w, "   %s exists and is updated: %s\n", flat(x.Ref), flat(x.Why))
	case plan.Fail:
		fmt.Fprintf(g.w, "   fails, and nothing is sent: %s [%s]\n   the run continues without it\n", flat(x.Error.Message), x.Error.Code)
	}
	if x.Title != "" {
		fmt.Fprintf(g.w, "   %s\n", flat(x.Title))
	}
	g.fields("   ", x.Fields)
	g.diff("   ", x.Diff)
	if len(x.Preview) > 0 {
		fmt.Fprintln(g.w, "   preview:")
		g.fields("      ", x.Preview)
	}
}

// aside tells the path of a step that stands in others, and on which list or condition
// it depends that is not known yet.
func aside(path, node string, undecided bool, cond string) string {
	var parts []string
	if path != "" && path != node && node != "" {
		parts = append(parts, path)
	}
	loop, unknown := unknownLoop(path)
	if unknown {
		parts = append(parts, "for each item of "+loop+", which is not known yet")
	}
	switch {
	case !undecided, unknown && cond == "":
	case cond == "":
		parts = append(parts, "if its condition holds")
	default:
		parts = append(parts, "if its condition holds: "+cond)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// unknownLoop is the path of the outermost loop around a step whose list is not known:
// it has the item "*". A key has no * in a path, which writes it as %2A.
func unknownLoop(path string) (loop string, unknown bool) {
	loop, _, unknown = strings.Cut(path, "[*]")
	return loop, unknown
}

// local prints what is done in the run's own workspace: done on a line, foreseen in full.
func (g page) local(all []plan.Local) {
	done := doneLocally(all)
	if len(done) > 0 {
		fmt.Fprintf(g.w, "   on this machine: %s\n", strings.Join(done, ", "))
	}
	for _, l := range all {
		if !l.Foreseen {
			continue
		}
		fmt.Fprintf(g.w, "   on this machine: %s%s\n", flat(l.Name), flat(aside(l.Path, l.Node, l.Undecided, l.If)))
		if l.Title != "" {
			fmt.Fprintf(g.w, "      %s\n", flat(l.Title))
		}
		g.fields("      ", l.Fields)
		g.diff("      ", l.Diff)
	}
}

// doneLocally names what was done already, each name once.
func doneLocally(all []plan.Local) []string {
	var names []string
	times := map[string]int{}
	for _, l := range all {
		if l.Foreseen {
			continue
		}
		if times[l.Name]++; times[l.Name] == 1 {
			names = append(names, l.Name)
		}
	}
	for i, name := range names {
		names[i] = flat(name)
		if n := times[name]; n > 1 {
			names[i] += fmt.Sprintf(" (%d times)", n)
		}
	}
	return names
}

// fields prints name: value; a value of several lines stands below its name.
func (g page) fields(pad string, fields []plan.Field) {
	for _, f := range fields {
		value := strings.TrimRight(Clean(f.Value), "\n")
		if !strings.Contains(value, "\n") {
			fmt.Fprintf(g.w, "%s%s: %s\n", pad, flat(f.Name), value)
			continue
		}
		fmt.Fprintf(g.w, "%s%s:\n", pad, flat(f.Name))
		g.block(pad+"   ", value)
	}
}

// block prints every line of a text behind pad; empty lines stay empty.
func (g page) block(pad, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintln(g.w, strings.TrimRight(pad+line, " "))
	}
}

// diff prints a unified diff, added lines green and removed ones red.
func (g page) diff(pad, text string) {
	if text == "" {
		return
	}
	for line := range strings.SplitSeq(strings.TrimRight(Clean(text), "\n"), "\n") {
		fmt.Fprintf(g.w, "%s%s\n", pad, g.diffLine(line))
	}
}

// header matches the lines of a diff that name files.
var header = types.Pattern(`^(diff |index |\+\+\+ |--- |new file|deleted file)`)

func (g page) diffLine(line string) string {
	switch {
	case header().MatchString(line):
		return g.bold(line)
	case strings.HasPrefix(line, "@@"):
		return g.paint("36", line)
	case strings.HasPrefix(line, "+"):
		return g.paint("32", line)
	case strings.HasPrefix(line, "-"):
		return g.paint("31", line)
	}
	return line
}

// question prints something that only the run itself will know.
func (g page) question(q plan.Question) {
	name, cond := flat(q.Name), flat(aside(q.Path, q.Node, q.Undecided, q.If))
	switch q.Kind {
	case plan.Approve:
		fmt.Fprintf(g.w, "asks   %s%s\n", name, cond)
		g.block("       ", Clean(q.Message))
		if q.Show != "" {
			g.show("       ", q.Show)
		}
	case plan.Await:
		fmt.Fprintf(g.w, "waits  %s%s: %s until %s\n", name, cond, q.Step, flat(q.Until))
		g.fields("       ", q.Fields)
	default:
		fmt.Fprintf(g.w, "checks %s%s, later: %s\n", name, cond, flat(q.Until))
	}
}
