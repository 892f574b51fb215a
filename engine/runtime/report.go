package runtime

import (
	"strings"
	"time"

	"github.com/skillrun/skillrun/engine/machine"
)

// MaxReports is how many items of loops are reported one by one; what fails is
// reported beyond it. A loop may go over a hundred thousand.
const MaxReports = 1000

// Reports is what became of each node, in the order in which they were come to.
type Reports struct {
	All   []StepReport
	at    map[string]int
	items int
}

// Has reports whether the run has come to the node at a path.
func (x *Reports) Has(path string) bool { _, there := x.at[path]; return there }

// Add takes up what the machine tells of a node; now is when, zero where that does
// not matter.
func (x *Reports) Add(n machine.Note, now time.Time) {
	i, there := x.at[n.Path]
	if !there {
		if n.Item && x.items >= MaxReports && n.Error == nil {
			return
		}
		if n.Item {
			x.items++
		}
		if x.at == nil {
			x.at = map[string]int{}
		}
		i = len(x.All)
		x.at[n.Path] = i
		x.All = append(x.All, StepReport{ID: n.Node, Path: n.Path, Name: n.Name, Step: n.Step, Began: now})
	}
	s := &x.All[i]
	s.State, s.Result, s.Error = stepState(n.Kind), n.Result, n.Error
	switch n.Kind {
	case machine.Started:
		s.Began, s.Ended = now, time.Time{}
	case machine.StillWaiting, machine.Retrying:
	default:
		s.Ended = now
	}
}

// MarkIdle says of the steps that a run had come to, and that no process is at any
// more, what they do: of a run that is parked they wait, and of one that was
// interrupted they were too. What stands around others is told by those.
func MarkIdle(left State, steps []StepReport) {
	word := map[State]string{Parked: "waiting", Interrupted: "interrupted"}[left]
	if word == "" {
		return
	}
	around := map[string]bool{}
	for i := range steps {
		for path := steps[i].Path; ; {
			cut := strings.LastIndexAny(path, "/[")
			if cut < 0 {
				break
			}
			path = path[:cut]
			around[path] = true
		}
	}
	for i := range steps {
		if s := &steps[i]; s.State == "running" && !around[s.Path] {
			s.State = word
		}
	}
}

// stepState is what a note says of its node, in the words of a [StepReport].
func stepState(k machine.NoteKind) string {
	switch k {
	case machine.Started:
		return "running"
	case machine.Set, machine.Asserted:
		return "done"
	}
	return string(k)
}
