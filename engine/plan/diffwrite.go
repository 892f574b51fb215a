package plan

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

func diffWrites(was, is []Write) []Difference {
	d := writeDiffer{differ: differ{what: "write"}, settled: settled(was, is)}
	for _, a := range was {
		i := slices.IndexFunc(is, func(b Write) bool { return a.Path == b.Path })
		if i < 0 {
			d.add(a.Path, oneLine(a), "")
			continue
		}
		d.write(a, is[i])
	}
	for _, b := range is {
		if !slices.ContainsFunc(was, func(a Write) bool { return a.Path == b.Path }) {
			d.add(b.Path, "", oneLine(b))
		}
	}
	return d.out
}

// settled are the nodes that were to make something which is there by now.
func settled(was, is []Write) map[string]bool {
	out := map[string]bool{}
	for _, a := range was {
		out[a.Node] = slices.ContainsFunc(is, func(b Write) bool {
			return a.Path == b.Path && a.Outcome == Create && b.Outcome == Adopt
		})
	}
	return out
}

func oneLine(w Write) string {
	switch {
	case w.Title != "":
		return "to " + w.Title
	case w.Verb != "":
		return "to " + w.Verb + " " + w.Object
	}
	return "a write"
}

type writeDiffer struct {
	differ
	settled map[string]bool
}

func (d *writeDiffer) write(a, b Write) {
	switch {
	case a.Outcome == Create && b.Outcome == Adopt:
		return
	case a.Outcome != b.Outcome || a.Ref != b.Ref || a.Outcome == Fail && standing(a) != standing(b):
		d.add(a.Path, standing(a), standing(b))
		return // the rest follows from it
	}
	d.text(a.Path+".host", a.Host, b.Host)
	d.text(a.Path+".if", ifOf(a), ifOf(b))
	d.text(a.Path+".why", a.Why, b.Why)
	if !d.learned(a) {
		d.text(a.Path, a.Title, b.Title) // the fields tell the same, part by part
	}
	d.fields(a.Path, a.Fields, b.Fields, a.Local)
	d.fields(a.Path+".preview", a.Preview, b.Preview, nil)
	d.text(a.Path+".diff", a.Diff, b.Diff)
	d.local(a.Path, foreseen(a.Local), foreseen(b.Local))
}

// standing says what would become of a write.
func standing(w Write) string {
	switch w.Outcome {
	case Adopt:
		return "there already (" + w.Ref + ")"
	case Update:
		return "to be updated (" + w.Ref + ")"
	case Fail:
		return "to fail: " + w.Error.Message
	}
	return "to be created"
}

func ifOf(w Write) string {
	if !w.Undecided {
		return ""
	}
	return "only if " + w.If
}

// hole is how a text says what is not known yet; see [types.Unknown].
var hole = types.Pattern(`\(known after ([a-z0-9_]+)\)`)

func (d *writeDiffer) learned(w Write) bool {
	texts := []string{w.Title}
	for _, f := range w.Fields {
		texts = append(texts, f.Value)
	}
	for _, text := range texts {
		for _, m := range hole().FindAllStringSubmatch(text, -1) {
			if d.settled[m[1]] {
				return true
			}
		}
	}
	return false
}

// fits reports whether is what was is, but for what is known by now.
func (d *writeDiffer) fits(was, is string) bool {
	var parts []string
	from := 0
	for _, m := range hole().FindAllStringSubmatchIndex(was, -1) {
		if d.settled[was[m[2]:m[3]]] {
			parts = append(parts, was[from:m[0]])
			from = m[1]
		}
	}
	if parts == nil {
		return was == is
	}
	rest, begins := strings.CutPrefix(is, parts[0])
	rest, ends := strings.CutSuffix(rest, was[from:])
	for _, part := range parts[1:] {
		_, after, found := strings.Cut(rest, part)
		rest, begins = after, begins && found
	}
	return begins && ends
}

// fields compares fields by their names. What a step in the workspace was to be
// given may stand in the write itself by now, since the step could be done.
func (d *writeDiffer) fields(at string, was, is []Field, local []Local) {
	old, now := byName(was), byName(is)
	foretold := map[string]string{}
	for _, l := range foreseen(local) {
		for _, f := range l.Fields {
			foretold[f.Name] = f.Value
		}
	}
	for _, f := range was {
		if !d.fits(f.Value, now[f.Name]) {
			d.text(at+"."+f.Name, f.Value, now[f.Name])
		}
	}
	for _, f := range is {
		_, there := old[f.Name]
		before, told := foretold[f.Name]
		if !there && !(told && d.fits(before, f.Value)) {
			d.text(at+"."+f.Name, before, f.Value)
		}
	}
}

func byName(fields []Field) map[string]string {
	out := map[string]string{}
	for _, f := range fields {
		out[f.Name] = f.Value
	}
	return out
}

func (d *writeDiffer) local(at string, was, is []Local) {
	for _, a := range was {
		i := slices.IndexFunc(is, func(b Local) bool { return a.Path == b.Path })
		if i < 0 {
			continue // it could be done by now, and stands in the write
		}
		d.fields(a.Path, a.Fields, is[i].Fields, nil)
		d.text(a.Path+".diff", a.Diff, is[i].Diff)
	}
	for _, b := range is {
		if !slices.ContainsFunc(was, func(a Local) bool { return a.Path == b.Path }) {
			d.add(b.Path, "", "a step before "+at)
		}
	}
}
