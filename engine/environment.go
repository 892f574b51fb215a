package engine

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/stdlib"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Function is a function of the language, as pages and help describe it.
type Function = stdlib.Function

// Functions are the functions of the language, in the order of the language's page.
func Functions() []Function { return stdlib.Functions() }

// Environment is what an expression can read that stands in no skill: the types and the
// values of names, and the moment that now() is. It is not changed.
type Environment struct {
	scope expr.Scope
	vars  map[string]any
	now   time.Time
	zone  *time.Location
}

// EnvironmentOf has names of values, whose types are what the values are; now is the moment of
// now(), in a zone, or UTC.
func EnvironmentOf(vars map[string]any, now time.Time, zone *time.Location) Environment {
	return Environment{scope: expr.Scope{Vars: typeOf(vars)}, vars: vars, now: now, zone: zone}
}

// EnvironmentIn has the inputs and the configuration of a skill, as far as they are known:
// what is required and missing is unknown. Their types are those that the skill declares.
func EnvironmentIn(s *Skill, b Binding) Environment {
	p := s.PartialProgram(b)
	return Environment{scope: s.Scope(), vars: map[string]any{"inputs": map[string]any(p.Inputs), "config": map[string]any(p.Config)}, now: b.Now, zone: b.Zone}
}

// EnvironmentOfRun has what the outputs of a run read: its inputs, its configuration, and the
// results of its steps, as its journal has them. A step that has not run is unknown.
// Secrets are handles: no journal has their texts.
func (e *Engine) EnvironmentOfRun(id string) (Environment, error) {
	records, p, start, err := e.load(id)
	if err != nil {
		return Environment{}, err
	}
	keepResults(p.Steps)
	f := &historyBuilder{cat: e.Catalogue, prog: p, start: start}
	f.begin()
	for _, r := range records {
		if err := f.add(r); err != nil {
			return Environment{}, err
		}
	}
	f.m.Next()
	return EnvironmentOf(f.m.Names(), start.StartedAt, start.Zone), nil
}

// keepResults keeps what no step reads any more, for whoever reads it now.
func keepResults(nodes []program.Node) {
	for i := range nodes {
		nodes[i].Drop = nil
		keepResults(nodes[i].Steps)
		keepResults(nodes[i].Rescue)
		keepResults(nodes[i].Always)
	}
}

// typeOf is the type of a value as it is there. What is not there has the type of nil,
// and what is not known one that fits everywhere.
func typeOf(v any) types.Type {
	switch v := v.(type) {
	case nil:
		return types.Type{}.Maybe()
	case types.Unknown, types.PartlyUnknown:
		return types.Type{}
	case map[string]any:
		out := types.Type{Kind: types.Object}
		for _, name := range types.SortedKeys(v) {
			out.Fields = append(out.Fields, types.Field{Name: name, Type: typeOf(v[name])})
		}
		return out
	case []any:
		if len(v) == 0 {
			return types.OfKind(types.List)
		}
		elem := types.Type{}
		for _, e := range v {
			elem = types.Merge(elem, typeOf(e))
		}
		return types.ListOf(elem)
	}
	return types.OfKind(types.KindOf(v))
}

// Evaluated is an expression or a text that was checked.
type Evaluated struct {
	env  Environment
	kind types.Type
	eval func(expr.Env) (any, error)
}

// Expression reads and checks an expression, or with text a text that may have ${{ }} and
// %{{ }} in it. Mistakes have their places in a file of that name.
func (v Environment) Expression(file, src string, text bool) (Evaluated, diag.List) {
	var parsed interface {
		Check(expr.Scope) (types.Type, []expr.Problem)
		Eval(expr.Env) (any, error)
	}
	var problems []expr.Problem
	if text {
		parsed, problems = expr.ParseText(src)
	} else {
		parsed, problems = expr.Parse(src)
	}
	out := Evaluated{env: v}
	if len(problems) == 0 {
		out.eval = parsed.Eval
		out.kind, problems = parsed.Check(v.scope)
	}
	var diags diag.List
	for _, p := range problems {
		diags.Errorf(p.Code, rangeIn(file, src, p.From, p.To), "%s", p.Message).Hint = p.Hint
	}
	return out, diags
}

// Type is the type of the value.
func (e Evaluated) Type() types.Type { return e.kind }

// Value computes the value. It fails where an expression of a skill would, and where the
// value is of a step that has not run, or of an input or a config value that was not
// given. In a list or an object, such a value says that it is not known.
func (e Evaluated) Value() (any, error) {
	v, err := e.eval(expr.Env{Vars: e.env.vars, Now: e.env.now, Zone: e.env.zone})
	if err != nil {
		return nil, err
	}
	var u types.Unknown
	switch v := v.(type) {
	case types.Unknown:
		u = v
	case types.PartlyUnknown:
		u.After = v.After
	}
	if u.After != "" {
		if strings.Contains(u.After, " ") {
			return nil, types.Errorf(types.BadInput, "%s has no value", u.After).WithHint("give it one, as for a run")
		}
		return nil, types.Errorf(types.BadInput, "step %s has not run", u.After)
	}
	return v, nil
}

// rangeIn is the place of a part of a text, which is given by its bytes.
func rangeIn(file, src string, from, to int) diag.Range {
	pos := func(i int) diag.Pos {
		before := src[:min(max(i, 0), len(src))]
		line := strings.LastIndexByte(before, '\n') + 1
		return diag.Pos{Line: 1 + strings.Count(before, "\n"), Col: 1 + utf8.RuneCountInString(before[line:])}
	}
	return diag.Range{File: file, Start: pos(from), End: pos(to)}
}

// Complete returns what the name that ends a text can be, and how many bytes of the text
// it replaces: names, functions, and the members of a value behind a dot.
func (v Environment) Complete(text string) (words []string, length int) {
	path := text[strings.LastIndexFunc(text, func(r rune) bool { return !inPath(r) })+1:]
	parts := strings.Split(strings.ReplaceAll(path, "?.", "."), ".")
	last := parts[len(parts)-1]
	of := v.scope.Vars
	for _, name := range parts[:len(parts)-1] {
		f, _ := of.Field(name)
		of = f.Type
	}
	words = of.Names()
	if len(parts) == 1 {
		for _, f := range Functions() {
			words = append(words, f.Name+"(")
		}
	}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, last) || !stdlib.IsName(strings.TrimSuffix(w, "(")) })
	slices.Sort(words)
	return words, len(last)
}

// inPath reports whether a character belongs to a name, or stands between names.
func inPath(r rune) bool {
	return r == '.' || r == '?' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
