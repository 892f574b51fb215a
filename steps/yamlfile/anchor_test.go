package yamlfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/engine/types"
)

// TestAnchorChangesProduction sets values that show in more than one place, and
// some that do not although there are anchors: what would change another place
// is refused, and done with consent. want is the file after it, why the refusal.
func TestAnchorChangesProduction(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, path, want, why string }{
		"inside an anchor":               {"stage: &s\n  ref: aaa\nprod: *s\n", "$.stage.ref", "stage: &s\n  ref: new\nprod: *s\n", "line 2: the value is inside the anchor &s, to which line 3 refers"},
		"inside, flow":                   {"stage: &s {ref: aaa}\nprod: *s\n", "$.stage.ref", "stage: &s {ref: new}\nprod: *s\n", "line 1: the value is inside the anchor &s, to which line 2 refers"},
		"through the alias":              {"stage: &s {ref: aaa}\nprod: *s\n", "$.prod.ref", "stage: &s {ref: new}\nprod: *s\n", "comes through an alias"},
		"merged":                         {"a: &s {ref: x, b: y}\np:\n  <<: *s\n  b: z\n", "$.a.ref", "a: &s {ref: new, b: y}\np:\n  <<: *s\n  b: z\n", "inside the anchor &s, to which line 3 refers"},
		"merged, in a list":              {"a: &s {ref: x}\nb: &t {c: y}\np: {<<: [*t, *s]}\n", "$.a.ref", "a: &s {ref: new}\nb: &t {c: y}\np: {<<: [*t, *s]}\n", "inside the anchor &s, to which line 3 refers"},
		"through a merge key":            {"a: &s {ref: x}\np: {<<: *s}\n", "$.p.ref", "a: &s {ref: new}\np: {<<: *s}\n", "comes through a merge key"},
		"far above":                      {"a: &s\n  b:\n    - c: [x, {ref: y}]\nd: [*s]\n", "$.a.b[0].c[1].ref", "a: &s\n  b:\n    - c: [x, {ref: new}]\nd: [*s]\n", "inside the anchor &s, to which line 4 refers"},
		"nested, the outer one":          {"a: &o\n  b: &i {ref: x}\nd: *o\n", "$.a.b.ref", "a: &o\n  b: &i {ref: new}\nd: *o\n", "inside the anchor &o, to which line 3 refers"},
		"nested, the inner one":          {"a: &o\n  b: &i {ref: x}\nd: *i\n", "$.a.b.ref", "a: &o\n  b: &i {ref: new}\nd: *i\n", "inside the anchor &i, to which line 3 refers"},
		"a list":                         {"a: &l [x, y]\nb: *l\n", "$.a[1]", "a: &l [x, new]\nb: *l\n", "inside the anchor &l, to which line 2 refers"},
		"the value itself":               {"a: &v x\nb: *v\n", "$.a", "a: &v new\nb: *v\n", "has the anchor &v, to which line 2 refers"},
		"the value itself, tagged":       {"a: &v !!str x\nb: *v\n", "$.a", "a: &v !!str new\nb: *v\n", "has the anchor &v, to which line 2 refers"},
		"the value itself, by the alias": {"a: &v 'x'\nb: *v\n", "$.b", "a: &v 'new'\nb: *v\n", "comes through an alias"},
		"an alias inside the anchor":     {"x: &x {r: 1}\na: &a {n: *x, ref: y}\nb: *a\n", "$.a.ref", "x: &x {r: 1}\na: &a {n: *x, ref: new}\nb: *a\n", "inside the anchor &a, to which line 3 refers"},
		"a later document":               {"a: &s {ref: x}\nb: *s\n---\na: &s {ref: y}\nb: *s\n", "$.a[?@ == 'y']", "a: &s {ref: x}\nb: *s\n---\na: &s {ref: new}\nb: *s\n", "inside the anchor &s, to which line 5 refers"},
		"nobody refers to it":            {"a: &s\n  ref: x\nb: y\n", "$.a.ref", "a: &s\n  ref: new\nb: y\n", ""},
		"nobody refers to the value":     {"a: &v x # c\nb: y\n", "$.a", "a: &v new # c\nb: y\n", ""},
		"nobody, tag first":              {"a: !!str &v \"x\"\n", "$.a", "a: !!str &v \"new\"\n", ""},
		"another of the same name":       {"a: &s {ref: x}\nb: &s {ref: y}\nc: *s\n", "$.a.ref", "a: &s {ref: new}\nb: &s {ref: y}\nc: *s\n", ""},
		"one of the same name elsewhere": {"a: &s {ref: x}\n---\na: &s {r: y}\nb: *s\n", "$.a.ref", "a: &s {ref: new}\n---\na: &s {r: y}\nb: *s\n", ""},
		"beside the anchor":              {"a: &s {ref: x}\nb: *s\nref: y\n", "$.ref", "a: &s {ref: x}\nb: *s\nref: new\n", ""},
		"the anchor is on a key":         {"&k ref: x\nb: *k\n", "$.ref", "&k ref: new\nb: *k\n", ""},
		"an override":                    {"a: &s {ref: x}\np: {<<: *s, ref: y}\n", "$.p.ref", "a: &s {ref: x}\np: {<<: *s, ref: new}\n", ""},
		"beside an alias":                {"x: &x 1\na:\n  n: *x\n  ref: y\n", "$.a.ref", "x: &x 1\na:\n  n: *x\n  ref: new\n", ""},
	} {
		e, err := Set([]byte(c.src), c.path, "new", 1)
		switch {
		case c.why == "" && (err != nil || string(e.Out) != c.want):
			t.Errorf("%s: %v %s", name, err, cmp.Diff(c.want, string(e.Out)))
		case c.why != "" && (types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), c.why) || !strings.Contains(err.Error(), "through_anchor: true")):
			t.Errorf("%s: %v, and %q", name, err, e.Out)
		}
		e, err = Change{c.path, "new", 1, true}.Apply([]byte(c.src))
		if d := cmp.Diff(c.want, string(e.Out)); err != nil || d != "" || !e.Changed {
			t.Errorf("%s, with consent: %v %s", name, err, d)
		}
	}
}

// TestOneValueInTwoPlaces: a path may choose a value where it stands and where
// it shows; with consent it is set once.
func TestOneValueInTwoPlaces(t *testing.T) {
	t.Parallel()
	src := "stage: &s {ref: aaa}\nprod: *s\n"
	e, err := Change{"$.*.ref", "new", 2, true}.Apply([]byte(src))
	if want := "stage: &s {ref: new}\nprod: *s\n"; err != nil || string(e.Out) != want || len(e.Places) != 1 {
		t.Errorf("%v %q %v", err, e.Out, e.Places)
	}
}
