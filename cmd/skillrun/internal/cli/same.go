package cli

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
)

// tellUnfinished says that running this would meet an unfinished run of the same work.
func (p *Program) tellUnfinished(u *engine.Unfinished, f runFlags) {
	switch {
	case u == nil:
	case len(u.Differs) == 0:
		fmt.Fprintf(p.Stderr, "note: run %s of the same work is not finished; running this resumes it\n", u.Run)
	default:
		fmt.Fprintf(p.Stderr, "note: run %s of the same work is not finished, and has another program than the one shown here:%s\n  resume that one: %s; or end it and start a new run with this one: --anew\n",
			u.Run, render.Clean(engine.Indented(u.Differs)), resumeCommand(u.Run, "", f))
	}
}

// tellChanged says that a run's program is no longer what stands in its files.
func (p *Program) tellChanged(s *site, run engine.Run, skill *engine.Skill, today diag.List) {
	if run.Origin.Kind == "" {
		return // of an earlier skillrun, which did not write down where it was
	}
	changed, files := s.engine.Changed(run.ID, skill, p.today(run))
	if first := today.First(); today.HasErrors() {
		changed, files = append(changed, "what it calls has errors now: "+first.Message), append(files, first.At.File)
	}
	if len(changed) > 0 {
		fmt.Fprintf(p.Stderr, "note: %s changed since run %s was started; the run continues with the program it was started with:%s\n",
			render.Flat(haveOf(files)), run.ID, render.Clean(engine.Indented(changed)))
	}
}

// haveOf is the beginning of a sentence about files: a has, or a and b have.
func haveOf(files []string) string {
	slices.Sort(files)
	if files = slices.Compact(files); len(files) == 1 {
		return files[0] + " has"
	}
	return strings.Join(files, " and ") + " have"
}

// today is the text that a run's skill has now, nil when it is gone.
func (p *Program) today(run engine.Run) []byte {
	var text []byte
	if run.Origin.Kind == engine.FromBuiltIn {
		text, _ = fs.ReadFile(p.Builtin, run.Skill+".yaml")
	} else {
		text, _ = readFile(run.Origin.Path)
	}
	return text
}

func firstError(diags diag.List) string { return diags.First().Message }
