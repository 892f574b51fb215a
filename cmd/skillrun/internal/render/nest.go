package render

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/skillrun/skillrun/engine"
)

// nested is a step of a run with what stands in it.
type nested struct {
	engine.StepReport
	inner []*nested
}

// nest makes a tree of the steps of a run: each stands in the nearest one around it.
func nest(steps []engine.StepReport) *nested {
	root := &nested{}
	all := map[string]*nested{"": root}
	for _, s := range steps {
		all[s.Path] = &nested{StepReport: s}
	}
	for _, s := range steps {
		up := ParentOf(s.Path)
		for all[up] == nil {
			up = ParentOf(up)
		}
		if s.Path != "" {
			all[up].inner = append(all[up].inner, all[s.Path])
		}
	}
	return root
}

// stepRows prints what stands in a step. Of a long loop it counts what went well.
func stepRows(w io.Writer, n *nested, margin string, now time.Time) {
	well, left := 0, 0
	for _, x := range n.inner {
		if _, item := KeyOf(x.Path); item && (x.State == "done" || x.State == "skipped") {
			if well++; well > shownItems {
				left++
				continue
			}
		}
		if x.isShown() {
			x.row(w, margin+x.label(n), now)
		}
		stepRows(w, x, margin+"  ", now)
	}
	if left > 0 {
		fmt.Fprintf(w, "  …\t\t%s%d more %s, done or skipped\n", margin, left, plural(left, "item"))
	}
}

// isShown reports whether people want to see the step: not values without a name.
func (n *nested) isShown() bool {
	switch n.State {
	case "failed", "continued", "waiting", "returned":
		return true
	}
	return n.Step != "" || n.Name != n.ID || len(n.inner) > 0
}

// label is what people call a step of up; an item has its key where names are the same.
func (n *nested) label(up *nested) string {
	if key, item := KeyOf(n.Path); item && (n.Name == n.ID || n.Name == up.Name) {
		return "[" + flat(key) + "]"
	}
	return flat(n.Name)
}

func (n *nested) row(w io.Writer, label string, now time.Time) {
	took := ""
	switch n.State {
	case "running", "waiting", "retrying":
		took = Ago(now.Sub(n.Began))
	case "skipped", "pending":
	default:
		if (n.Step != "" || len(n.inner) > 0) && !n.Ended.IsZero() {
			took = Took(n.Ended.Sub(n.Began))
		}
	}
	tail := cmp.Or(headline(n.Result), waitFor(n.Waits).step)
	if n.Error != nil {
		tail = firstLine(n.Error.Message)
	}
	fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", n.State, took, label, Flat(tail))
}
