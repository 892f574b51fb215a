package render

import (
	"fmt"
	"io"
	"time"

	"github.com/skillrun/skillrun/engine"
)

// Verdict prints what looking at every byte of a run came to.
func Verdict(w io.Writer, v engine.Verdict) {
	w = Cleaner{W: w}
	word := "good"
	if !v.Good() {
		word = "damaged"
	}
	fmt.Fprintf(w, "%s: run %s (%s), %d records in %d bytes, %d output files\nhead: %s\n", word, v.ID, v.State, v.Records, v.Bytes, v.Blobs, v.Head)
	for _, text := range v.Wrong {
		fmt.Fprintf(w, "wrong: %s\n", Said(text))
	}
	for _, text := range v.Notes {
		fmt.Fprintf(w, "note: %s\n", Said(text))
	}
}

// Verdicts prints a line for each damaged run, of so many that were verified.
func Verdicts(w io.Writer, bad []engine.Verdict, verified int) {
	w = Cleaner{W: w}
	for _, v := range bad {
		more := ""
		if n := len(v.Wrong) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d more; skillrun verify %s)", n, v.ID)
		}
		fmt.Fprintf(w, "damaged: run %s: %s%s\n", v.ID, firstLine(v.Wrong[0]), more)
	}
	fmt.Fprintf(w, "%d runs verified, %d damaged\n", verified, len(bad))
}

// Pruned prints the runs that went, or would go.
func Pruned(w io.Writer, runs []engine.Pruned, gone bool) {
	var bytes int64
	fmt.Fprint(Cleaner{W: w}, aligned(func(tw io.Writer) {
		for _, r := range runs {
			bytes += r.Bytes
			last := "-"
			if !r.UpdatedAt.IsZero() {
				last = r.UpdatedAt.Local().Format(time.DateTime)
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", r.ID, orDash(Flat(r.Skill)), orDash(string(r.State)), last)
		}
	}))
	what := "would be removed; --yes removes them"
	if gone {
		what = "removed"
	}
	fmt.Fprintf(w, "%d runs, %d KiB %s\n", len(runs), bytes>>10, what)
}

// Reversals prints what undoing a run would do, and reports whether there is
// anything. With told it leaves out what [Undone] tells when it is done.
func Reversals(w io.Writer, list []engine.Reversal, told bool) bool {
	w = Cleaner{W: w}
	any := false
	for _, x := range list {
		switch {
		case x.Undone:
			fmt.Fprintf(w, "%s: already undone\n", Flat(x.Path))
		case x.Absent:
			fmt.Fprintf(w, "%s: it did not happen\n", Flat(x.Path))
		case x.Can() && x.Stuck != nil:
			any = true
			fmt.Fprintf(w, "%s: cannot %s: %s [%s]\n", Flat(x.Path), Flat(x.Description), Said(x.Stuck.Message), x.Stuck.Code)
			hint(w, x.Stuck.Hint)
		case x.Can():
			any = true
			if !told {
				fmt.Fprintf(w, "%s: %s%s\n", Flat(x.Path), Flat(x.Description), made(x))
			}
		case x.Why != "":
			fmt.Fprintf(w, "%s: stays; %s\n", Flat(x.Path), Said(x.Why))
		}
	}
	if !any {
		fmt.Fprintln(w, "there is nothing to undo")
	}
	return any
}

// Undone prints the line of an effect that was taken back.
func Undone(w io.Writer, x engine.Reversal) {
	fmt.Fprintf(w, "%-8s %s: %s%s\n", "undone", Flat(x.Path), Flat(x.Description), made(x))
}

// made says of an effect that another run made it.
func made(x engine.Reversal) string {
	switch {
	case x.Maker != "":
		return " (run " + x.Maker + " made it)"
	case x.Adopted:
		return " (another run of the same work made it)"
	}
	return ""
}

// Resolved prints what a person found, as it was read back.
func Resolved(w io.Writer, e engine.Effect) {
	fmt.Fprintf(w, "step %s: %s %s %s\n", Flat(e.ID), e.Verb, e.Object, headline(e.Result))
}
