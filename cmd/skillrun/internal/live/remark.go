package live

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"charm.land/lipgloss/v2"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine/types"
)

// mark tells the state without colour too.
func (r row) mark(now time.Time) span {
	return [...]span{
		pending: {"·", faint}, running: {spinner[int(now.UnixMilli()/100)%len(spinner)], busy}, waiting: {"◷", alarm}, retrying: {"↻", alarm},
		done: {"✓", good}, skipped: {"–", faint}, failed: {"✗", wrong}, stopped: {"■", alarm},
		rescued: {"↷", alarm}, continued: {"!", alarm}, returned: {"↵", good},
	}[r.state]
}

// remark is the one line of result, or of what continues.
func (r row) remark(room int, now time.Time) (string, tone) {
	switch {
	case r.willWrite():
		return "writes", faint
	case r.active():
		return r.goesOn(room, now)
	case r.state == done:
		return r.came(room)
	}
	x := [...]span{
		skipped: {"skipped", faint}, failed: {r.with("failed"), wrong}, stopped: {r.with("stopped"), alarm}, rescued: {r.with("rescued"), alarm},
		continued: {"failed, continued", alarm}, returned: {"ends the skill here", faint},
	}[r.state]
	return x.text, x.tone
}

// goesOn is the remark of a step under way.
func (r row) goesOn(room int, now time.Time) (string, tone) {
	switch {
	case r.items != nil:
		return r.items.text(), faint
	case r.doing != "":
		return r.doing, faint
	case r.attempt > 1:
		return r.tries(now), alarm
	case r.state == waiting:
		return r.waits(room, now), alarm
	}
	return "", normal
}

// waits is the remark of a step that waits, in as many words as fit.
func (r row) waits(room int, now time.Time) string {
	text := render.Again("polls", r.next, now)
	switch {
	case text == "" && r.every != "":
		return "polled every " + r.every
	case text == "":
		return "waiting"
	case lipgloss.Width(text) > room:
		return "again in " + render.In(r.next.Sub(now))
	}
	return text
}

// tries is which attempt runs, or when the next one does.
func (r row) tries(now time.Time) string {
	if r.state == retrying && r.next.After(now) {
		return r.which() + " in " + render.In(r.next.Sub(now))
	}
	return r.which()
}

func (r *row) which() string { return fmt.Sprintf("attempt %d of %d", r.attempt, r.attempts) }

// with is a word with how far a loop came.
func (r row) with(word string) string {
	if r.items == nil {
		return word
	}
	return word + ": " + r.items.text()
}

// came is the remark of what ended well.
func (r row) came(room int) (string, tone) {
	switch {
	case r.items != nil:
		return cmp.Or(tally(counts(r.items.ended)...), "no items") + r.written(), faint
	case r.Kind == "skill" && headline(r.result, room) != "":
		return headline(r.result, room), faint
	case r.hasChildren():
		return strings.TrimPrefix(r.summary()+r.written(), ", "), faint
	case r.outcome == "":
		return headline(r.result, room), faint
	}
	left := room - lipgloss.Width(r.outcome) - 1
	if lipgloss.Width(first(r.result, nameFields)) > left {
		return headline(r.result, room), normal
	}
	return r.outcome + " " + headline(r.result, left), normal
}

// summary counts what became of the steps of a group.
func (r row) summary() string {
	n := map[state]int{}
	var walk func(*row)
	walk = func(x *row) {
		for _, x := range x.inner {
			switch {
			case x.hasChildren() && !x.Loop && x.state != skipped:
				walk(x)
			case !x.isSilent():
				n[x.state]++
			}
		}
	}
	walk(&r)
	return tally(counts(n)...)
}

// written lists the outcomes of the writes inside.
func (r row) written() string {
	var b strings.Builder
	for _, outcome := range []string{"created", "updated", "adopted", "resolved"} {
		if n := r.wrote[outcome]; n > 0 {
			fmt.Fprintf(&b, ", %s %d", outcome, n)
		}
	}
	return b.String()
}

// text tells how far a loop is: 12 of 40, 1 failed.
func (i *items) text() string {
	text := fmt.Sprintf("%d of %d", i.over(), i.total)
	if i.total == 0 {
		text = fmt.Sprintf("%d done", i.over())
	}
	if bad := i.ended[failed] + i.ended[continued]; bad > 0 { // whether or not the loop continued
		text += fmt.Sprintf(", %d failed", bad)
	}
	if n := i.ended[stopped]; n > 0 {
		text += fmt.Sprintf(", %d stopped", n)
	}
	return text
}

// counts is what became of the items of a loop, or of the steps of a group, that ended.
func counts(n map[state]int) []count {
	return []count{
		{n[done] + n[rescued] + n[returned], "done"}, {n[skipped], "skipped"}, {n[failed] + n[continued], "failed"}, {n[stopped], "stopped"},
	}
}

// willWrite reports whether the row is the one that tells of a write to come.
func (r row) willWrite() bool {
	return r.state == pending && r.writes() && (!r.hasChildren() || r.Loop || !r.open())
}

// Result fields that name what a step came to, best first.
var (
	linkFields  = []string{"web_url", "url"}
	nameFields  = []string{"key", "reference", "branch", "short", "digest", "tag", "sha", "commit", "issue", "new", "text", "value", "status", "state", "path", "ts"}
	countFields = []string{"total", "count", "looked_at"}
	hashPattern = types.Pattern(`^[0-9a-f]{40,64}$`)
)

// headline is the longest of the names and links of a result that fits.
func headline(result map[string]any, room int) string {
	name, link := first(result, nameFields), first(result, linkFields)
	both := strings.TrimSpace(name + "  " + link)
	switch {
	case both != "" && lipgloss.Width(both) <= room:
		return both
	case name != "":
		return clip(name, room)
	case link != "":
		return clip(link, room)
	}
	return clip(counted(result), room)
}

// first returns the first of the fields that is a short text or a number.
func first(result map[string]any, fields []string) string {
	for _, f := range fields {
		switch v := result[f].(type) {
		case string:
			if v != "" && len(v) <= 300 && !strings.Contains(v, "\n") {
				return short(render.Flat(v))
			}
		case nil, []any, map[string]any, bool:
		default:
			return types.Show(v)
		}
	}
	return ""
}

// short cuts hashes down to what people compare.
func short(s string) string {
	algorithm, sum, ok := strings.Cut(s, ":")
	switch {
	case hashPattern().MatchString(s):
		return s[:12]
	case ok && hashPattern().MatchString(sum):
		return algorithm + ":" + sum[:12]
	}
	return s
}

func counted(result map[string]any) string {
	for _, f := range countFields {
		if v, ok := result[f]; ok {
			return fmt.Sprintf("%s %s", strings.ReplaceAll(f, "_", " "), types.Show(v))
		}
	}
	return ""
}
