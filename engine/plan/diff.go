package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/skillrun/skillrun/engine/types"
)

// Difference is something that is not any more as a plan saw it.
type Difference struct {
	What string `json:"what"` // read or write
	Path string `json:"path"` // the step, and the member of it: prod.text
	Was  string `json:"was"`
	Is   string `json:"is"`
}

// String writes "prod.text: was X, is Y".
func (d Difference) String() string {
	return d.Path + ": was " + cmp.Or(d.Was, "nothing") + ", is " + cmp.Or(d.Is, "nothing")
}

// Diff says what moved between two forecasts of one run: reads whose answers
// are others, in members that the skill uses, and writes that would be others.
// When reads moved, the writes that follow from them are not told too. A write
// that was to be made and is there by now, as it was to be, did not move: it is
// adopted, and nothing is sent.
func Diff(was, is Forecast) []Difference {
	if out := diffReads(was.Reads, is.Reads); len(out) > 0 {
		return out
	}
	return diffWrites(was.Writes, is.Writes)
}

// diffReads compares the reads that both did, from which others follow.
func diffReads(was, is []Read) []Difference {
	var out []Difference
	for _, a := range was {
		i := slices.IndexFunc(is, func(b Read) bool { return a.Path == b.Path })
		if i >= 0 && a.After == "" && is[i].After == "" {
			out = append(out, diffRead(a, is[i])...)
		}
	}
	return out
}

func diffRead(a, b Read) []Difference {
	if a.OutputDigest != "" || b.OutputDigest != "" {
		return diffLarge(a, b)
	}
	d := differ{what: "read"}
	for _, name := range a.members(b) {
		d.value(a.Path+"."+name, a.Output[name], b.Output[name])
	}
	return d.out
}

func (r Read) members(other Read) []string {
	if r.Used != nil {
		return r.Used
	}
	names := types.SortedKeys(r.Output)
	for _, n := range types.SortedKeys(other.Output) {
		if _, both := r.Output[n]; !both {
			names = append(names, n)
		}
	}
	return names
}

// diffLarge compares results of which only digests are kept.
func diffLarge(a, b Read) []Difference {
	d := differ{what: "read"}
	for _, name := range a.Used {
		d.digests(a.Path+"."+name, a.member(name), b.member(name))
	}
	if a.Used == nil {
		d.digests(a.Path, a.whole(), b.whole())
	}
	return d.out
}

func (d *differ) digests(path, was, is string) {
	if was != is {
		d.add(path, "sha256:"+was[:12], "sha256:"+is[:12])
	}
}

func (r Read) member(name string) string {
	if d, kept := r.Members[name]; kept {
		return d
	}
	return digest(r.Output[name])
}

func (r Read) whole() string {
	if r.OutputDigest != "" {
		return r.OutputDigest
	}
	return digest(r.Output)
}

// keepable is the size of a result's JSON above which a plan keeps digests.
const keepable = 64 << 10

// Kept returns the read as a plan keeps it: of a large result the digests.
func (r Read) Kept() Read {
	if len(types.Encode(r.Output)) <= keepable {
		return r
	}
	members := map[string]string{}
	for name, v := range r.Output {
		if r.Used == nil || slices.Contains(r.Used, name) {
			members[name] = digest(v)
		}
	}
	r.OutputDigest, r.Members, r.Output = digest(r.Output), members, nil
	return r
}

type differ struct {
	what string
	out  []Difference
}

func (d *differ) add(path, was, is string) {
	d.out = append(d.out, Difference{What: d.what, Path: path, Was: was, Is: is})
}

// maxTold is how many differences inside one value are told.
const maxTold = 5

// value goes down to what differs.
func (d *differ) value(path string, a, b any) {
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok {
			d.members(path, x, y)
			return
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				d.value(fmt.Sprintf("%s[%d]", path, i), x[i], y[i])
			}
			return
		} else if ok {
			d.add(path, count(x), count(y))
			return
		}
	}
	d.text(path, types.Show(a), types.Show(b))
}

func count(list []any) string { return fmt.Sprintf("%d %s", len(list), plural(len(list), "item")) }

func (d *differ) members(path string, x, y map[string]any) {
	before := len(d.out)
	for _, name := range types.SortedKeys(x) {
		d.value(path+"."+name, x[name], y[name])
	}
	for _, name := range types.SortedKeys(y) {
		if _, both := x[name]; !both {
			d.value(path+"."+name, nil, y[name])
		}
	}
	d.out = d.out[:min(len(d.out), before+maxTold)]
}

// text tells of long texts the first line that differs.
func (d *differ) text(path, a, b string) {
	if a == b {
		return
	}
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	if len(x) > 1 || len(y) > 1 {
		path = fmt.Sprintf("%s line %d", path, i+1)
	}
	was, is := apart(line(x, i), line(y, i))
	d.add(path, was, is)
}

func line(lines []string, i int) string {
	if i >= len(lines) {
		return ""
	}
	return lines[i]
}

// The longest text that is told as it is, and what is told before the place
// where two longer ones part.
const (
	most   = 120
	before = 30
)

// apart cuts two texts down to a line around the place where they part.
func apart(a, b string) (string, string) {
	if strings.TrimSpace(a) == strings.TrimSpace(b) {
		a, b = strconv.Quote(a), strconv.Quote(b)
	}
	x, y := []rune(strings.TrimSpace(a)), []rune(strings.TrimSpace(b))
	i := 0
	for i < len(x) && i < len(y) && x[i] == y[i] {
		i++
	}
	from := max(0, i-before)
	if len(x) <= most && len(y) <= most {
		from = 0
	}
	return part(x, from), part(y, from)
}

func part(s []rune, from int) string {
	from = min(from, len(s))
	out := string(s[from:min(len(s), from+most)])
	if from > 0 {
		out = "…" + out
	}
	if from+most < len(s) {
		out += "…"
	}
	return out
}
