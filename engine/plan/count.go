package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// ManifestOf returns what the writes touch, in the order in which they first
// do. What is there already, or fails, is not touched.
func ManifestOf(writes []Write) []ManifestEntry {
	var out []ManifestEntry
	for _, w := range writes {
		if !w.Sends() {
			continue
		}
		d := ManifestEntry{Service: w.Service, Host: w.Host, Object: w.Object, Verb: w.Verb, Reversible: w.Reversible, Times: 1}
		i := slices.IndexFunc(out, func(e ManifestEntry) bool { e.Times = 1; return e == d })
		if i < 0 {
			out = append(out, d)
			continue
		}
		out[i].Times++
	}
	return out
}

// Count is how many writes go to a service.
type Count struct {
	Service string `json:"service"`
	Writes  int    `json:"writes"`
}

// Counts counts the writes by service, most first. What is there already, or
// fails, does not count.
func Counts(writes []Write) []Count {
	var out []Count
	for _, w := range writes {
		if !w.Sends() {
			continue
		}
		service := cmp.Or(w.Service, "other")
		i := slices.IndexFunc(out, func(c Count) bool { return c.Service == service })
		if i < 0 {
			i, out = len(out), append(out, Count{Service: service})
		}
		out[i].Writes++
	}
	slices.SortStableFunc(out, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.Writes, a.Writes), cmp.Compare(a.Service, b.Service))
	})
	return out
}

// Summary tells the writes in a line: "4 writes: jira 2, git 1, gitlab 1". It
// is "nothing to write" when all is there already.
func Summary(writes []Write) string {
	total, adopted, failing, undecided, each := 0, 0, 0, 0, 0
	for _, w := range writes {
		switch {
		case w.Outcome == Adopt:
			adopted++
			continue
		case w.Outcome == Fail:
			failing++
			continue
		case w.Undecided && strings.Contains(w.Path, "[*]"):
			each++
		case w.Undecided:
			undecided++
		}
		total++
	}
	var parts []string
	for _, c := range Counts(writes) {
		parts = append(parts, fmt.Sprintf("%s %d", c.Service, c.Writes))
	}
	text := "nothing to write"
	if total > 0 {
		text = fmt.Sprintf("%d %s: %s", total, plural(total, "write"), strings.Join(parts, ", "))
	}
	var some []string
	if undecided > 0 {
		some = append(some, fmt.Sprintf("%d only if a condition holds", undecided))
	}
	if each > 0 {
		some = append(some, fmt.Sprintf("%d for each item of a list that is not known yet", each))
	}
	if len(some) > 0 {
		text += "; of these " + strings.Join(some, ", ")
	}
	if adopted > 0 {
		text += fmt.Sprintf("; %d there already", adopted)
	}
	if failing > 0 {
		text += fmt.Sprintf("; %d would fail", failing)
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

type agreed struct {
	Writes    []Write    `json:"writes"`
	Questions []Question `json:"questions"`
	Local     []Local    `json:"local"`
}

// DigestOf returns the digest of what a person agrees to. Of the workspace only
// what was foreseen counts: what was done for real stands in the write that
// publishes it, and is not done again by a walk that begins after it.
func DigestOf(f Forecast) string {
	a := agreed{Questions: f.Questions, Local: foreseen(f.Local)}
	for _, w := range f.Writes {
		w.Local = foreseen(w.Local)
		a.Writes = append(a.Writes, w)
	}
	return digest(a)[:32] // people copy it
}

func foreseen(all []Local) []Local {
	var out []Local
	for _, l := range all {
		if l.Foreseen {
			out = append(out, l)
		}
	}
	return out
}

func digest(v any) string { return types.Digest(types.Encode(v)) }
