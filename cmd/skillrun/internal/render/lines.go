package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/types"
)

// Lines prints a run as plain lines, for logs: one for each event that people want
// to see. Steps side by side mix their lines, so one inside of others has its path.
type Lines struct {
	w      io.Writer
	loops  map[string]*tally // by path
	said   string            // the message of the last failure, which groups repeat
	before int               // steps that an earlier process did, not told yet
}

// tally counts the items of a loop.
type tally struct {
	name                 string
	total, over, bad     int
	shown, shownFailures int
	wrote                map[string]int  // outcomes of the writes inside
	broken               map[string]bool // items that failed, by path: they may begin once more
}

// NewLines returns lines of one run.
func NewLines(w io.Writer) *Lines { return &Lines{w: w, loops: map[string]*tally{}} }

// Event prints the line of an event, if it has one.
func (l *Lines) Event(e engine.Event) {
	if e.Type == engine.EventEffect {
		if e.Replayed {
			return
		}
		l.printReplayed()
		l.effect(e.Effect)
		return
	}
	item := itemAround(e.Path)
	switch {
	case item == "":
		l.step(e)
	case item == e.Path:
		l.item(e)
	default:
		l.inside(e, item)
	}
}

// step prints a step that no loop stands around.
func (l *Lines) step(e engine.Event) {
	if silent(e) {
		return
	}
	if e.Type == engine.EventStepRetry {
		l.again(e.Path)
	}
	if e.Type == engine.EventStepStarted && e.Items > 0 {
		delete(l.loops, e.Path) // the group around it may have begun again
		l.again(e.Path)
		l.loop(e.Path).total, l.loop(e.Path).name = e.Items, e.Name
		if !e.Replayed {
			l.printReplayed()
			l.line("started", e, fmt.Sprintf(" (%d %s)", e.Items, plural(e.Items, "item")))
		}
		return
	}
	if l.isShown(e) && !l.earlier(e) {
		l.printWith(e, "")
	}
}

// earlier counts what an earlier process did and told, and says how much that is. What
// went wrong or is about to be tried again is told again.
func (l *Lines) earlier(e engine.Event) bool {
	if e.Replayed && e.Type == engine.EventStepDone && e.Error == nil {
		l.before++
		return true
	}
	retried := e.Type == engine.EventStepRetry && !e.Next.After(e.At)
	if !e.Replayed || e.Type == engine.EventStepFailed || e.Type == engine.EventStepRetry && !retried {
		l.printReplayed()
	}
	return e.Replayed && (e.Type == engine.EventStepSkipped || e.Type == engine.EventStepStarted || e.Type == engine.EventWaiting || retried)
}

// printReplayed says how much an earlier process did, once.
func (l *Lines) printReplayed() {
	if l.before > 0 {
		fmt.Fprintf(l.w, "%-8s %d %s before\n", "done", l.before, plural(l.before, "step"))
		l.before = 0
	}
}

// silent reports whether the event is of values or a check without a name.
func silent(e engine.Event) bool {
	return (e.Kind == "set" || e.Kind == "assert") && e.Name == e.ID && e.Type != engine.EventStepFailed
}

// isShown reports whether people want to see the event.
func (l *Lines) isShown(e engine.Event) bool {
	_, loop := l.loops[e.Path]
	group := loop || e.Kind == "steps" || e.Kind == "skill"
	switch e.Type {
	case engine.EventStepStarted:
		return group
	case engine.EventStepFailed, engine.EventNotice:
		return true
	case engine.EventStepDone:
		group = group || e.Kind == "return"
	}
	return group || e.Step != "" || e.Kind == "approve" || e.Name != e.ID
}

// printWith prints the event with what there is to say of it.
func (l *Lines) printWith(e engine.Event, more string) {
	if t := l.loops[e.Path]; t != nil && more == "" && e.Type != engine.EventStepStarted {
		more = " (" + t.text() + ")"
	}
	switch e.Type {
	case engine.EventStepStarted:
		l.line("started", e, more)
	case engine.EventStepDone:
		switch {
		case e.Error != nil:
			l.line("rescued", e, l.failureText(e)+more)
		case e.Kind == "return":
			l.line("done", e, ": the skill ends here"+more)
		default:
			l.line("done", e, more)
		}
	case engine.EventStepSkipped:
		l.line("skipped", e, more)
	case engine.EventStepStopped:
		l.line("stopped", e, more)
	case engine.EventStepFailed:
		if e.Handled {
			more += "; the run continues"
		}
		l.line("failed", e, l.failureText(e)+more)
	case engine.EventStepRetry:
		l.line("retry", e, fmt.Sprintf(": attempt %d of %d failed%s%s", e.Attempt, e.Attempts, l.failureText(e), again(e)))
	case engine.EventWaiting:
		l.line("waiting", e, l.failureText(e)+more+again(e))
	case engine.EventNotice:
		fmt.Fprintf(l.w, "%-8s %s%s\n", "note", at(Flat(cmp.Or(e.Path, e.ID))), Said(e.Text))
	}
}

// again says when a step that waits is polled or tried again, else how often.
func again(e engine.Event) string {
	verb := "polls"
	if e.Type == engine.EventStepRetry {
		verb = "tries"
	}
	switch when := Again(verb, e.Next, e.At); {
	case when != "":
		return ", " + when
	case verb == "tries":
		return ""
	case e.Every != "":
		return ", polled every " + Flat(e.Every)
	case e.Error != nil:
		return ", and polls again"
	}
	return ""
}

// Again says when something is done once more, with the day where that is another:
// "polls again at 14:05:30 (in 60s)". It is "" when that is not to come.
func Again(verb string, next, now time.Time) string {
	left := next.Sub(now)
	if left <= 0 {
		return ""
	}
	next, now = next.Local(), now.Local()
	layout := time.TimeOnly
	if next.Format(time.DateOnly) != now.Format(time.DateOnly) {
		layout = time.DateTime
	}
	return fmt.Sprintf("%s again at %s (in %s)", verb, next.Format(layout), In(left))
}

// In writes how long something is to come, in whole seconds up to two minutes.
func In(d time.Duration) string {
	d = (d + time.Second - 1).Truncate(time.Second)
	if d < 2*time.Minute {
		return fmt.Sprintf("%ds", int(d.Seconds()))
	}
	return Ago(d)
}

// failureText is the message of a failure that no other line says.
func (l *Lines) failureText(e engine.Event) string {
	if e.Error == nil {
		return ""
	}
	text := firstLine(e.Error.Message)
	if e.Type == engine.EventStepFailed {
		last := !e.Handled && e.Path == e.ID
		if last || text == l.said {
			return ""
		}
		l.said = text
	}
	return " (" + Flat(text) + ")"
}

func (l *Lines) line(word string, e engine.Event, more string) {
	if e.Replayed {
		more += " (earlier)"
	}
	fmt.Fprintf(l.w, "%-8s %s%s\n", word, l.Title(e), more)
}

// Title is the name of a step, after its path when it stands in others.
func (l *Lines) Title(e engine.Event) string {
	name := flat(e.Name)
	switch {
	case e.Path == "" || e.Path == e.ID:
		return name
	case e.Name == "" || e.Name == e.ID || e.Name == l.nameAround(e.Path):
		return flat(e.Path)
	}
	return flat(e.Path) + ": " + name
}

// nameAround is the name of the loop that an item is of.
func (l *Lines) nameAround(path string) string {
	if _, item := KeyOf(path); !item {
		return ""
	}
	return l.loop(ParentOf(path)).name
}

func (l *Lines) loop(path string) *tally {
	if l.loops[path] == nil {
		l.loops[path] = &tally{wrote: map[string]int{}, broken: map[string]bool{}}
	}
	return l.loops[path]
}

// again forgets the loops inside of what is tried again.
func (l *Lines) again(path string) {
	for p := range l.loops {
		if strings.HasPrefix(p, path+"/") {
			delete(l.loops, p)
		}
	}
}

// item prints how an item ended: the first ones, then each tenth of the way.
func (l *Lines) item(e engine.Event) {
	if silent(e) {
		return
	}
	t := l.loop(ParentOf(e.Path))
	switch e.Type {
	case engine.EventStepDone, engine.EventStepSkipped, engine.EventStepFailed:
	default:
		if t.shown < shownItems && e.Type != engine.EventStepStarted && !l.earlier(e) {
			l.printWith(e, "")
		}
		return
	}
	before := t.tenths()
	t.count(e)
	if l.earlier(e) {
		return
	}
	place := " (" + t.place() + ")"
	switch {
	case t.shown < shownItems:
		t.shown++
		l.printWith(e, place)
	case e.Type == engine.EventStepFailed && t.shownFailures < shownItems:
		t.shownFailures++
		l.printWith(e, place)
	case t.tenths() > before && t.over != t.total: // the end of the loop says the last
		fmt.Fprintf(l.w, "%-8s %s: %s\n", "running", flat(ParentOf(e.Path)), t.text())
	}
}

// inside prints what goes wrong in an item, and what it waits for.
func (l *Lines) inside(e engine.Event, item string) {
	t := l.loop(ParentOf(item))
	switch e.Type {
	case engine.EventStepFailed:
		if t.shown < shownItems || t.shownFailures < shownItems {
			l.printWith(e, "")
		}
	case engine.EventStepRetry, engine.EventWaiting, engine.EventNotice:
		if t.shown < shownItems && l.isShown(e) && !l.earlier(e) {
			l.printWith(e, "")
		}
	}
}

// effect prints what became of a write.
func (l *Lines) effect(e *engine.Effect) {
	if item := itemAround(e.Path); item != "" {
		t := l.loop(ParentOf(item))
		t.wrote[e.Outcome]++
		if t.shown >= shownItems {
			return
		}
	}
	what := strings.Join(slices.DeleteFunc([]string{e.Verb, e.Object, headline(e.Result)}, func(part string) bool { return part == "" }), " ")
	fmt.Fprintf(l.w, "%-8s %s: %s\n", e.Outcome, Flat(e.ID), Flat(what))
}

// count takes in how an item ended. One that ends once more counts once.
func (t *tally) count(e engine.Event) {
	if t.broken[e.Path] {
		delete(t.broken, e.Path)
		t.over, t.bad = t.over-1, t.bad-1
	}
	t.over++
	if e.Type == engine.EventStepFailed {
		t.broken[e.Path] = true
		t.bad++
	}
}

// tenths is how many tenths of the way are over, of an unknown one hundreds of items.
func (t *tally) tenths() int {
	if t.total == 0 {
		return t.over / 100
	}
	return t.over * 10 / t.total
}

// place is how many items are over, of how many when that is known.
func (t *tally) place() string {
	if t.total == 0 {
		return fmt.Sprint(t.over)
	}
	return fmt.Sprintf("%d of %d", t.over, t.total)
}

// text tells how far the loop is: 24 of 40, 1 failed, created 23.
func (t *tally) text() string {
	text := t.place()
	if t.bad > 0 {
		text += fmt.Sprintf(", %d failed", t.bad)
	}
	for _, outcome := range types.SortedKeys(t.wrote) {
		text += fmt.Sprintf(", %s %d", outcome, t.wrote[outcome])
	}
	return text
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
