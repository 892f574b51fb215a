package refdocs_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// TestLimitsStandInThePage: the reference of steps says of each number how small
// and how large it may be.
func TestLimitsStandInThePage(t *testing.T) {
	t.Parallel()
	page := read(t, "docs/steps.md")
	plain := strings.NewReplacer(",", "")
	bounded := 0
	eachStep(t, func(s step.Step) {
		_, section, _ := strings.Cut(page, "\n## "+s.Name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, f := range s.In.Fields {
			row := rowOf(section, "`"+f.Name+"`")
			for _, bound := range []*int{f.Type.Minimum, f.Type.Maximum} {
				if bound == nil {
					continue
				}
				if bounded++; !slices.Contains(strings.Fields(strings.TrimRight(plain.Replace(row), " |.")), strconv.Itoa(*bound)) {
					t.Errorf("%s: the row of %s does not say %d: %s", s.Name, f.Name, *bound, row)
				}
			}
		}
	})
	if bounded < 10 {
		t.Errorf("only %d bounds were looked at", bounded)
	}
}

// TestMembersOfFindAreExplained: the language page has a row for each member that
// find has, with the step types that have it.
func TestMembersOfFindAreExplained(t *testing.T) {
	t.Parallel()
	_, table, _ := strings.Cut(read(t, "docs/language.md"), "| member of `find` |")
	table, _, _ = strings.Cut(table, "\n\n")
	members := 0
	eachStep(t, func(s step.Step) {
		find, ok := s.In.Field("find")
		if !ok {
			return
		}
		for _, f := range find.Type.Fields {
			members++
			row := rowOf(table, "`"+f.Name)
			if of := strings.Split(row, "|"); len(of) < 3 || !strings.Contains(of[2], "`"+s.Name+"`") {
				t.Errorf("%s of %s has no row: %q", f.Name, s.Name, row)
			}
			if f.Type.Kind != types.Object {
				continue
			}
			for _, inner := range f.Type.Fields {
				if !strings.Contains(row, inner.Name) {
					t.Errorf("the row of %s does not name %s: %q", f.Name, inner.Name, row)
				}
			}
		}
	})
	if members < 8 {
		t.Errorf("only %d members were looked at", members)
	}
}

func eachStep(t *testing.T, do func(step.Step)) {
	t.Helper()
	cat := catalogue(t)
	for _, name := range cat.Names() {
		s, _ := cat.Lookup(name)
		do(s)
	}
}

// rowOf is the first line of a table whose first cell holds a text.
func rowOf(table, text string) string {
	for line := range strings.SplitSeq(table, "\n") {
		if cells := strings.SplitN(line, "|", 3); len(cells) == 3 && strings.Contains(cells[1], text) {
			return line
		}
	}
	return ""
}
