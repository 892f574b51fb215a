package live

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
)

// mostItems is how many lines the items of a loop take at most.
const mostItems = 8

// items counts what became of the items of a loop. Those that ended well have
// no row any more, so that a loop over very many of them stays small.
type items struct {
	total int // 0 where no one said
	ended map[state]int
	// broken are the items that did not end well, by path: when the run is resumed, they may begin once more.
	broken map[string]state
	why    string // what the first of them said
}

func (r *row) loop() *items {
	if r.items == nil {
		r.items = &items{ended: map[state]int{}, broken: map[string]state{}}
	}
	return r.items
}

// over is how many items have ended. Those that were stopped begin once more.
func (i *items) over() int {
	n := 0
	for s, k := range i.ended {
		if s != stopped {
			n += k
		}
	}
	return n
}

// plant gives a row the steps that stand in it.
func (m *model) plant(r *row, steps []Step, spare bool) {
	for _, s := range steps {
		path := s.ID
		if r.path != "" {
			path = r.path + "/" + s.ID
		}
		m.hang(&row{Step: s, parent: r, path: path, spare: spare})
	}
}

// plantAll gives a row all the steps that are known to stand in it.
func (m *model) plantAll(r *row) {
	m.plant(r, r.Steps, false)
	m.plant(r, r.Rescue, true)
	m.plant(r, r.Always, false)
}

// hang puts a row behind what stands in its parent already.
func (m *model) hang(x *row) {
	x.parent.inner = append(x.parent.inner, x)
	m.rows[x.path] = x
	if !x.Loop { // else its steps are those of each item
		m.plantAll(x)
	}
}

// row returns the event's row. A step that was not announced gets one, as the last.
func (m *model) row(e engine.Event) *row {
	r := m.at(e.Path)
	r.ID, r.Type = cmp.Or(r.ID, e.ID), cmp.Or(r.Type, e.Step)
	return r
}

func (m *model) at(path string) *row {
	if r := m.rows[path]; r != nil {
		return r
	}
	parent := m.root
	if up := render.ParentOf(path); up != "" {
		parent = m.at(up)
	}
	r := &row{path: path, parent: parent}
	if key, item := render.KeyOf(path); item && parent != m.root {
		parent.Loop = true
		r.Step, r.key = parent.Step, key
		r.Loop = false
	} else {
		id := path[strings.LastIndexByte(path, '/')+1:]
		if i := slices.IndexFunc(parent.Before, func(s Step) bool { return s.ID == id }); i >= 0 {
			r.Step = parent.Before[i]
		}
	}
	m.hang(r)
	return r
}

// remove forgets a row and what stands in it.
func (m *model) remove(r *row) {
	r.parent.inner = slices.DeleteFunc(r.parent.inner, func(x *row) bool { return x == r })
	m.forget(r)
}

func (m *model) forget(r *row) {
	delete(m.rows, r.path)
	for _, x := range r.inner {
		m.forget(x)
	}
}

// clear puts all in r back to where it was before the first attempt.
func (m *model) clear(r *row) {
	for _, x := range r.inner {
		m.forget(x)
	}
	r.inner = nil
	m.plantAll(r)
}

// settle counts an item that ended. Some that failed keep their rows for later.
func (m *model) settle(r *row) {
	l := r.parent
	if r.key == "" || l == nil {
		return
	}
	m.revive(r) // an item that ends twice counts once
	i := l.loop()
	i.ended[r.state]++
	if r.state != failed && r.state != stopped && r.state != continued {
		m.remove(r)
		return
	}
	i.broken[r.path] = r.state
	if i.why == "" && r.notice != "" {
		i.why = r.label() + ": " + r.notice
	}
	if r.state != failed || i.ended[failed] > mostItems {
		m.remove(r)
	}
}

// revive takes an item out of the count that begins once more.
func (m *model) revive(r *row) {
	if r.key == "" {
		return
	}
	i := r.parent.loop()
	if s, ok := i.broken[r.path]; ok {
		i.ended[s]--
		delete(i.broken, r.path)
	}
}

// label is what people call the step; an item has its key when all names are the same.
func (r *row) label() string {
	switch {
	case r.key != "" && (!evaluated(r.Name) || r.Name == r.ID || r.Name == r.parent.Name):
		return "[" + r.key + "]"
	case !evaluated(r.Name):
		return r.ID
	}
	return r.Name
}

// visible returns the rows that the next frame may show, as copies.
func (m *model) visible() []row {
	return m.root.collect(nil, 0)
}

// collect appends what stands in r and is to be seen.
func (r *row) collect(out []row, depth int) []row {
	if r.Loop && !r.finished() {
		return r.collectItems(out, depth)
	}
	for _, x := range r.inner {
		if r.key != "" && r.finished() && x.state == pending {
			continue // an item that failed is over; what it did not come to is no news
		}
		if x.shown() {
			shown := *x
			shown.depth = depth
			out = append(out, shown)
		}
		if x.open() {
			out = x.collect(out, depth+1)
		}
	}
	return out
}

// over reports whether an earlier process ended the row, and told so.
func (r *row) over() bool { return r.earlier && (r.state == done || r.state == skipped) }

// shown reports whether the row itself is to be seen.
func (r *row) shown() bool {
	switch {
	case r.printed, r.spare && r.state == pending:
		return false
	case r.isSilent():
		return r.state == failed || r.state == continued || r.state == returned || r.state == waiting
	}
	return true
}

// open reports whether what stands in the row is shown: not when it ended well.
func (r *row) open() bool {
	switch {
	case r.isSilent():
		return false
	case r.state == pending:
		return r.Kind != "skill"
	case r.finished():
		return r.state == failed || r.state == stopped
	}
	return true
}

// collectItems appends the items of a loop that are under way, a line for each.
func (r *row) collectItems(out []row, depth int) []row {
	var active []*row
	for _, x := range r.inner {
		if x.active() {
			active = append(active, x)
		}
	}
	n := len(active)
	if n > mostItems {
		n = mostItems - 1
	}
	for _, x := range active[:n] {
		shown := *x
		shown.depth, shown.doing, shown.notice = depth, x.whatRuns(), ""
		shown.state = x.mood()
		out = append(out, shown)
	}
	if more := len(active) - n; more > 0 {
		out = append(out, row{depth: depth, more: more, state: running})
	}
	return out
}

// mood is what is told of all under way in r: it runs, else is tried again, or waits.
func (r *row) mood() state {
	best := r.state
	for _, x := range r.leaves() {
		switch {
		case x == r:
		case x.state == running:
			return running
		default:
			best = x.state
		}
	}
	return best
}

// leaves are the innermost steps under way in r, else r itself.
func (r *row) leaves() []*row {
	var out []*row
	for _, x := range r.inner {
		if x.active() {
			out = append(out, x.leaves()...)
		}
	}
	if out == nil {
		return []*row{r}
	}
	return out
}

// whatRuns is what an item of a loop is at, on a part of a line.
func (r *row) whatRuns() string {
	leaves := r.leaves()
	x := leaves[0]
	var parts []string
	if x != r {
		parts = append(parts, x.label())
	}
	next := ""
	if !x.next.IsZero() {
		next = " at " + x.next.Local().Format(time.TimeOnly)
	}
	switch {
	case x.attempt > 1 && x.state == retrying:
		parts = append(parts, x.which()+next)
	case x.attempt > 1:
		parts = append(parts, x.which())
	}
	switch {
	case x.state == waiting && next != "":
		parts = append(parts, "polls again"+next)
	case x.state == waiting && x.every != "":
		parts = append(parts, "polled every "+x.every)
	}
	if x.notice != "" {
		parts = append(parts, x.notice)
	}
	text := strings.Join(parts, ": ")
	if n := len(leaves) - 1; n > 0 {
		text += fmt.Sprintf(", %d more", n)
	}
	return text
}
