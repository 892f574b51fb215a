package dry

import (
	"net/url"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/machine"
	"github.com/skillrun/skillrun/engine/plan"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// fields are what people are shown of a change: the step's own fields, and in
// their place among them the arguments that are not all known yet, of which the
// step can say nothing. A step that shows no fields has its arguments shown.
func (w *walker) fields(s step.Step, a machine.Action, shown []step.FieldChange) []plan.Field {
	var out []plan.Field
	if len(shown) == 0 {
		out = plan.Fields(arguments(s), a.Input)
	}
	for _, f := range shown {
		out = append(out, plan.Field{Name: f.Name, Value: f.Value})
	}
	after := 0 // where the next argument that is not shown yet goes
	for _, name := range arguments(s) {
		_, unknown := types.FirstUnknown(a.Input[name])
		i := slices.IndexFunc(out, func(f plan.Field) bool { return f.Name == name })
		switch {
		case i >= 0 && unknown:
			out[i].Value = types.Show(a.Input[name])
			after = max(after, i+1)
		case i >= 0:
			after = max(after, i+1)
		case unknown:
			out = slices.Insert(out, after, plan.Field{Name: name, Value: types.Show(a.Input[name])})
			after++
		}
	}
	for i := range out {
		out[i].Value = w.neutral(out[i].Value)
	}
	return out
}

// arguments are those that people care for: all but workspaces.
func arguments(s step.Step) []string {
	return slices.DeleteFunc(s.In.Names(), func(name string) bool {
		f, _ := s.In.Field(name)
		return f.Workspace
	})
}

// hostOf is the host of the remote that an output names, "" when it names none.
func hostOf(out types.Values) string {
	remote, _ := out["remote"].(string)
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		return u.Host
	}
	if user, rest, ok := strings.Cut(remote, "@"); ok && !strings.ContainsAny(user, "/:") {
		host, _, _ := strings.Cut(rest, ":")
		return host
	}
	return ""
}

// usedMembers tells of each node which members of its result the skill reads.
// A node is not in it when all of its result is read as a whole somewhere.
func usedMembers(p *program.Program) map[*program.Node][]string {
	out := map[*program.Node][]string{}
	membersOf(p.Steps, p.Outputs, out)
	return out
}

// membersOf does so for a skill, and for those it calls.
func membersOf(nodes []program.Node, outputs []program.Output, out map[*program.Node][]string) {
	u := uses{members: map[string][]string{}, whole: map[string]bool{}}
	for _, o := range outputs {
		u.value(o.Value.V)
	}
	own := u.nodes(nodes, nil)
	for _, n := range own {
		switch {
		case n.Call != nil:
			membersOf(n.Call.Steps, n.Call.Outputs, out)
		case u.whole[n.ID]:
		default:
			members := slices.Clone(u.members[n.ID])
			slices.Sort(members)
			out[n] = append([]string{}, members...)
		}
	}
}

type uses struct {
	members map[string][]string
	whole   map[string]bool
}

func (u uses) nodes(nodes []program.Node, own []*program.Node) []*program.Node {
	for i := range nodes {
		n := &nodes[i]
		own = append(own, n)
		for _, src := range []string{n.If, n.Cond, n.Until, n.FailIf, n.ForEach, n.Key, n.BreakIf} {
			u.expr(src)
		}
		u.text(n.Name)
		u.text(n.Message)
		u.value(map[string]any(n.With))
		u.value(n.Show.V)
		for _, b := range n.Values {
			u.value(b.Value.V)
		}
		for _, text := range n.Errors {
			u.text(text)
		}
		if n.Retry != nil {
			u.expr(n.Retry.If)
			own = u.nodes(n.Retry.Before, own)
		}
		own = u.nodes(n.Always, u.nodes(n.Rescue, u.nodes(n.Steps, own)))
	}
	return own
}

func (u uses) expr(src string) {
	if e, problems := expr.Parse(src); len(problems) == 0 {
		u.refs(e.Refs())
	}
}

func (u uses) text(src string) {
	if t, problems := expr.ParseText(src); len(problems) == 0 {
		u.refs(t.Refs())
	}
}

func (u uses) value(v any) {
	switch v := v.(type) {
	case string:
		u.text(v)
	case []any:
		for _, e := range v {
			u.value(e)
		}
	case map[string]any:
		for _, e := range v {
			u.value(e)
		}
	}
}

func (u uses) refs(refs []expr.Ref) {
	for _, r := range refs {
		switch {
		case len(r.Path) < 2 || r.Path[0] != "steps":
		case len(r.Path) == 2:
			u.whole[r.Path[1]] = true
		case !slices.Contains(u.members[r.Path[1]], r.Path[2]):
			u.members[r.Path[1]] = append(u.members[r.Path[1]], r.Path[2])
		}
	}
}
