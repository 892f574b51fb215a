package skilltest

import (
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/lang/syntax"
)

// Point is something that a test can cover: a step that ran, or a way that a decision
// can go.
type Point struct {
	Step   string // its name; "" is the outputs
	What   string // one of the constants
	Source string // of Arm: the expression or the text that it stands in
	Arm    expr.Arm
}

// What a [Point] is.
const (
	Ran        = "ran"
	WasRescued = "rescued"
	NotRescued = "not rescued"
	Arm        = "arm"
)

// Covered is what a run came to.
type Covered map[Point]bool

// Add takes up what another case covers.
func (c Covered) Add(other Covered) {
	for p := range other {
		c[p] = true
	}
}

// Gap is a point that no case covers.
type Gap struct {
	At   diag.Range `json:"at"`
	What string     `json:"what"`
}

// Coverage is how much of a skill its tests cover.
type Coverage struct {
	Covered int   `json:"covered"`
	Points  int   `json:"points"`
	Gaps    []Gap `json:"gaps"`
}

// Percent is rounded down: 100 is all of it.
func (c Coverage) Percent() int {
	if c.Points == 0 {
		return 100
	}
	return c.Covered * 100 / c.Points
}

// Coverage holds what the cases came to against all there is in the file under test:
// each step, and each way of if, ?:, ??, %{{ if }} and rescue.
func (s *Suite) Coverage(all Covered) Coverage {
	root, _ := syntax.Parse(s.Skill.File, s.Skill.Text)
	f := &finder{at: map[diag.Pos]*syntax.Node{}}
	f.index(root)
	for _, p := range placesOf(s.Skill.Steps) {
		if p.own {
			f.step(root, p)
		}
	}
	f.outputs(root.Get("outputs"), s.Skill.Effect != "")
	out := Coverage{Points: len(f.points), Gaps: []Gap{}}
	for _, p := range f.points {
		if all[p.Point] {
			out.Covered++
		} else {
			out.Gaps = append(out.Gaps, Gap{p.at, p.missing})
		}
	}
	slices.SortStableFunc(out.Gaps, func(a, b Gap) int {
		if a.At.Start.Line != b.At.Start.Line {
			return a.At.Start.Line - b.At.Start.Line
		}
		return a.At.Start.Col - b.At.Start.Col
	})
	return out
}

type placedPoint struct {
	Point
	at      diag.Range
	missing string // what is said when it is not covered
}

// finder finds the points in the tree of a skill.
type finder struct {
	at     map[diag.Pos]*syntax.Node // mappings, by their first key
	points []placedPoint
}

func (f *finder) index(n *syntax.Node) {
	if n.Kind == syntax.Mapping && len(n.Pairs) > 0 {
		f.at[n.Pairs[0].Key.Range.Start] = n
	}
	for _, item := range n.Items {
		f.index(item)
	}
	for _, p := range n.Pairs {
		f.index(p.Value)
	}
}

func (f *finder) add(at diag.Range, p Point, missing string) {
	f.points = append(f.points, placedPoint{p, at, missing})
}

// inside are the keys of a step under which other steps stand.
var inside = []string{"steps", "rescue", "always", "before"}

func (f *finder) step(root *syntax.Node, p place) {
	n := f.at[p.node.At.Start]
	at := p.node.At
	if n == nil { // the one step of a step type, which stands at its key
		n = &syntax.Node{Kind: syntax.Mapping}
		for _, pair := range root.Pairs {
			if pair.Key.Value == p.node.ID || slices.Contains([]string{"errors", "retry", "undo"}, pair.Key.Value) {
				n.Pairs = append(n.Pairs, pair)
			}
		}
	} else if id := n.Get("id"); id != nil {
		at = id.Range
	}
	f.add(at, Point{Step: p.name, What: Ran}, "step "+p.name+" never runs")
	if r := n.Get("rescue"); r != nil {
		f.add(at, Point{Step: p.name, What: WasRescued}, "the steps of "+p.name+" never fail")
		f.add(at, Point{Step: p.name, What: NotRescued}, "the steps of "+p.name+" always fail")
	}
	f.texts(p.name, "", n)
}

// bareKeys hold an expression; all else is text.
var bareKeys = []string{"if", "until", "fail_if", "assert", "for_each", "key", "break_if"}

func (f *finder) texts(step, key string, n *syntax.Node) {
	for _, p := range n.Pairs {
		if !slices.Contains(inside, p.Key.Value) {
			f.texts(step, p.Key.Value, p.Value)
		}
	}
	for _, item := range n.Items {
		f.texts(step, "", item)
	}
	if n.Kind != syntax.Scalar || n.Tag != syntax.Str {
		return
	}
	var arms []expr.Arm
	if slices.Contains(bareKeys, key) {
		e, problems := expr.Parse(n.Value)
		if len(problems) > 0 {
			return
		}
		arms = e.Arms()
		if key == "if" {
			arms = append([]expr.Arm{expr.WholeArm(n.Value, true), expr.WholeArm(n.Value, false)}, arms...)
		}
	} else if t, problems := expr.ParseText(n.Value); len(problems) == 0 {
		arms = t.Arms()
	}
	for _, a := range arms {
		part := strings.Join(strings.Fields(n.Value[a.From:a.To]), " ")
		f.add(n.Place(a.From, a.To), Point{Step: step, What: Arm, Source: n.Value, Arm: a}, "never "+a.When+": "+part)
	}
}

func (f *finder) outputs(n *syntax.Node, declared bool) {
	if n == nil {
		return
	}
	for _, p := range n.Pairs {
		value := p.Value
		if declared {
			if value = value.Get("value"); value == nil {
				continue
			}
		}
		f.texts("", "", value)
	}
}
