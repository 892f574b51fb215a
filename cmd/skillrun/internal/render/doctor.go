package render

import (
	"fmt"
	"io"

	"github.com/skillrun/skillrun/engine/step"
)

// Group is what was found out about one thing that doctor looked at.
type Group struct {
	Name     string         `json:"name"`
	URL      string         `json:"url,omitempty"`
	Findings []step.Finding `json:"findings"`
}

// DoctorJSON is an examination as JSON.
type DoctorJSON struct {
	OK     bool    `json:"ok"` // nothing failed
	Failed int     `json:"failed"`
	Groups []Group `json:"groups"`
}

// DoctorOf counts what failed.
func DoctorOf(groups []Group) DoctorJSON {
	out := DoctorJSON{Groups: groups}
	for _, g := range groups {
		for _, f := range g.Findings {
			if f.Err != nil {
				out.Failed++
			}
		}
	}
	out.OK = out.Failed == 0
	return out
}

// Doctor prints an examination, a line for each finding with its cure.
func Doctor(w io.Writer, groups []Group) {
	for _, g := range groups {
		head := g.Name
		if g.URL != "" {
			head += " (" + g.URL + ")"
		}
		fmt.Fprintln(w, Flat(head))
		for _, f := range g.Findings {
			findingLine(w, f)
		}
	}
	switch n := DoctorOf(groups).Failed; n {
	case 0:
		fmt.Fprintln(w, "\nnothing is wrong; nothing was written")
	default:
		fmt.Fprintf(w, "\n%d failed; nothing was written\n", n)
	}
}

func findingLine(w io.Writer, f step.Finding) {
	text := f.Detail
	switch {
	case f.Err != nil:
		text = f.Err.Message + " [" + string(f.Err.Code) + "]"
	case f.Skipped != "":
		text = f.Skipped
	}
	fmt.Fprintf(w, "  %-8s %s: %s\n", f.State(), Flat(f.Subject), Said(text))
	if f.Err != nil && f.Err.Hint != "" {
		fmt.Fprintf(w, "           → %s\n", Said(f.Err.Hint))
	}
}
