package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

type fixFlags struct{ fix, diff, yes bool }

func (p *Program) fixFlags(c *cobra.Command, f *fixFlags) {
	c.Flags().BoolVar(&f.fix, "fix", false, "show what the hints with one answer change; written when a person agrees, or with --yes")
	c.Flags().BoolVar(&f.diff, "diff", false, "with --fix, only show the changes")
	c.Flags().BoolVar(&f.yes, "yes", false, "with --fix, write without asking")
}

// fixable refuses flags of fixing that do not go together.
func (p *Program) fixable(args []string, f checkFlags) error {
	switch {
	case !f.fix.fix && (f.fix.diff || f.fix.yes):
		return types.Errorf(types.BadInput, "--diff and --yes are about what --fix changes").WithHint("add --fix")
	case f.fix.diff && f.fix.yes:
		return types.Errorf(types.BadInput, "--diff only shows the changes that --yes writes").WithHint("leave one of them out")
	case f.fix.yes && p.overlay != nil:
		return types.Errorf(types.BadInput, "stdin cannot be changed").WithHint("see the changes with --fix --diff, or name the file")
	}
	return nil
}

// fixer applies fixes to texts that are kept in the place of their files, and checks
// again: what makes any file worse is left out.
type fixer struct {
	program *Program
	again   func() (examined, error)
	now     examined
	files   []string          // that may be changed
	was     map[string][]byte // the texts of those that were
	fixes   int               // that were applied
}

// mostRounds bounds how often fixes bring new ones.
const mostRounds = 10

// fixed shows what the fixes of a check change, writes that when it may, and returns
// what is then found.
func (p *Program) fixed(ctx context.Context, seen examined, f fixFlags, again func() (examined, error)) (examined, error) {
	given := p.overlay
	defer func() { p.overlay = given }()
	x := &fixer{program: p, again: again, now: seen, was: map[string][]byte{}}
	x.files = slices.DeleteFunc(slices.Clone(seen.files), func(file string) bool { return strings.HasPrefix(file, builtinDir) })
	for range mostRounds {
		if more, err := x.round(); err != nil {
			return seen, err
		} else if !more {
			break
		}
	}
	if x.fixes == 0 {
		fmt.Fprintln(p.Stderr, "nothing to fix")
		return seen, nil
	}
	x.show()
	if given != nil || f.diff || !f.yes && !p.agreed(ctx, x) {
		return seen, nil
	}
	for _, file := range types.SortedKeys(x.was) {
		if err := p.rewrite(file, x.was[file], p.overlay[p.path(file)]); err != nil {
			return seen, err
		}
	}
	fmt.Fprintf(p.Stderr, "%d fixed in %s\n", x.fixes, inFiles(len(x.was)))
	return x.now, nil
}

// agreed asks the person at a terminal whether to write, or says how it would be.
func (p *Program) agreed(ctx context.Context, x *fixer) bool {
	if p.Terminal && p.format == "text" {
		return p.yesOrNo(ctx, "Write these changes to "+inFiles(len(x.was))+"? (yes/no) ") == engine.Yes
	}
	fmt.Fprintf(p.Stderr, "nothing was written: %d to fix in %s; --yes writes\n", x.fixes, inFiles(len(x.was)))
	return false
}

func inFiles(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}

// show prints the changes: they are the result, unless a report is.
func (x *fixer) show() {
	p := x.program
	to, colour := p.Stdout, p.colour(p.OutTerminal)
	if p.format != "text" {
		to, colour = p.Stderr, p.colour(p.Terminal)
	}
	for _, file := range types.SortedKeys(x.was) {
		was, is := x.was[file], p.overlay[p.path(file)]
		if filepath.Base(file) == config.FileName {
			was, is = config.Veiled(was), config.Veiled(is)
		}
		render.Diff(to, file, was, is, render.Look{Colour: colour})
	}
}

// round applies the fixes that there are, but for those that make something worse, and
// reports whether it applied any.
func (x *fixer) round() (bool, error) {
	var each [][]diag.Edit
	for _, d := range x.now.diags {
		if x.may(d.Fix) && !overlaps(d.Fix, slices.Concat(each...)) {
			each = append(each, d.Fix)
		}
	}
	var err error
	good := slices.DeleteFunc(each, func(fix []diag.Edit) bool {
		_, ok, failed := x.try([][]diag.Edit{fix})
		err = errors.Join(err, failed)
		return !ok
	})
	for ; len(good) > 0 && err == nil; good = good[:len(good)-1] { // those that are good alone may not be together
		some, ok, failed := x.try(good)
		if err = failed; ok {
			x.keep(some)
			return true, nil
		}
	}
	return false, err
}

func overlaps(fix, others []diag.Edit) bool {
	return slices.ContainsFunc(fix, func(e diag.Edit) bool { return slices.ContainsFunc(others, e.Overlap) })
}

// keep goes on with what fixes come to.
func (x *fixer) keep(t trial) {
	x.now, x.program.overlay, x.fixes = t.found, t.texts, x.fixes+t.fixes
	for file, text := range t.was {
		if x.was[file] == nil {
			x.was[file] = text
		}
	}
}

// may reports whether there is a fix, of one file that may be changed.
func (x *fixer) may(fix []diag.Edit) bool {
	return len(fix) > 0 && slices.Contains(x.files, fix[0].At.File) &&
		!slices.ContainsFunc(fix, func(e diag.Edit) bool { return e.At.File != fix[0].At.File })
}

// trial is what fixes come to.
type trial struct {
	fixes int
	found examined
	was   map[string][]byte // the texts of the files that they change
	texts map[string][]byte // all that is read in the place of files, by path
}

// try checks what fixes come to together. It is not ok when they change nothing, when a file has
// more errors than before, or when there is more in all.
func (x *fixer) try(fixes [][]diag.Edit) (t trial, ok bool, err error) {
	p, edits := x.program, slices.Concat(fixes...)
	t = trial{fixes: len(fixes), was: map[string][]byte{}, texts: maps.Clone(p.overlay)}
	if t.texts == nil {
		t.texts = map[string][]byte{}
	}
	for _, file := range x.files {
		of := slices.DeleteFunc(slices.Clone(edits), func(e diag.Edit) bool { return e.At.File != file })
		if len(of) == 0 {
			continue
		}
		text, err := p.readText(p.path(file))
		if err != nil {
			return t, false, bare(err, file)
		}
		changed, err := diag.Apply(text, of)
		if err != nil || bytes.Equal(text, changed) {
			return t, false, nil // the places are of another text than that
		}
		t.was[file], t.texts[p.path(file)] = text, changed
	}
	if len(t.was) == 0 {
		return t, false, nil
	}
	before := p.overlay
	defer func() { p.overlay = before }()
	p.overlay = t.texts
	t.found, err = x.again()
	return t, err == nil && !worse(t.found.diags, x.now.diags), err
}

// worse reports whether a file has more errors than before, or there is more in all.
func worse(now, before diag.List) bool {
	errorsIn := func(l diag.List) map[string]int {
		out := map[string]int{}
		for _, d := range l {
			if d.Severity != diag.Warning {
				out[d.At.File]++
			}
		}
		return out
	}
	had := errorsIn(before)
	for file, n := range errorsIn(now) {
		if n > had[file] {
			return true
		}
	}
	return len(now) > len(before)
}

// rewrite replaces a file that still has the text that was read, and that is no link.
func (p *Program) rewrite(file string, was, is []byte) error {
	at, now, err := p.openInPlace(file)
	if err == nil {
		defer at.close()
		if !bytes.Equal(now, was) {
			err = types.Errorf(types.Conflict, "it was changed in the meantime").WithHint("check it again")
		} else {
			err = at.write(is)
		}
	}
	if err != nil {
		e := types.AsError(bare(err, file))
		return types.Errorf(types.BadInput, "%s was not changed: %s", file, e.Message).WithHint("%s", e.Hint)
	}
	return nil
}
