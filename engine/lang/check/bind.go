package check

import (
	"errors"
	"time"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/expr"
	"github.com/skillrun/skillrun/engine/expr/fuel"
	"github.com/skillrun/skillrun/engine/program"
	"github.com/skillrun/skillrun/engine/types"
)

// Binding is what a skill gets when it is run.
type Binding struct {
	Inputs map[string]any
	Config map[string]any
	// ConfigOf returns the config values for a skill that is called; nil: they
	// are those of Config.
	ConfigOf func(skill string) map[string]any
	Again    int
	Now      time.Time // today() in defaults
	Zone     *time.Location
	// ConfigPlace says where a skill's config value was written, for
	// diagnostics; nil when it is not known.
	ConfigPlace func(skill, name string) diag.Range
	// StepType allows a step type, which becomes the one step of a program: for its
	// tests.
	StepType bool
}

func (b Binding) of(skill string) Binding {
	if b.ConfigOf != nil {
		b.Config = b.ConfigOf(skill)
	}
	b.Inputs = nil
	return b
}

// env is what defaults, identity and group are evaluated in, with one budget.
func (b Binding) env(config map[string]any) expr.Env {
	return expr.Env{Vars: map[string]any{"config": config}, Now: b.Now, Zone: b.Zone, Fuel: fuel.Full()}
}

// Bound is a skill with what it is run with: the program, and the moment and the
// zone that its defaults and its identity were evaluated in.
type Bound struct {
	*program.Program
	Skill *Skill
	Now   time.Time
	Zone  *time.Location
}

// Bind checks inputs and configuration against the skill's declarations, fills
// in the defaults and returns the program; nil where something is wrong. Every
// mistake is reported.
func (s *Skill) Bind(b Binding) (*Bound, diag.List) {
	var diags diag.List
	if s.isType && b.StepType {
		return s.bindAlone(b)
	}
	if s.isType {
		diags.Errorf("bad-skill", diag.Range{File: s.File}, "%s is a step type, and no skill", s.Name).Hint = "use it in a step of a skill: uses: " + s.Name
		return nil, diags
	}
	config := s.bindConfig(b, &diags)
	env := b.env(config)
	inputs := s.applyDefaults("inputs", s.Inputs, b.Inputs, env, &diags)
	s.checkInputs(inputs, b.Inputs, &diags)
	l := &linker{binding: b, diags: &diags, known: map[*Skill]linked{}}
	steps := l.link(s, s.Steps)
	if diags.HasErrors() {
		return nil, diags
	}
	p := &program.Program{
		Language: program.Language, Skill: s.Name, Version: s.Version, Description: s.Description,
		TextDigest: types.Digest(s.Text), Inputs: inputs, Config: config, Secrets: s.secretNames(), Again: b.Again,
		Timeout: s.Timeout, Steps: steps, Outputs: s.outputs,
	}
	env.Vars = map[string]any{"inputs": inputs, "config": config}
	for _, src := range s.Identity {
		v, err := evalBare(src, env)
		if err != nil {
			diags.Errorf("bad-identity", diag.Range{File: s.File}, "identity %s: %v", src, err)
			continue
		}
		p.Identity = append(p.Identity, types.Dynamic{V: v})
	}
	p.Concurrency = s.bindConcurrency(env, &diags)
	if diags.HasErrors() {
		return nil, diags
	}
	return &Bound{p, s, b.Now, b.Zone}, diags
}

// bindAlone makes a step type the one step of a program; its id is its name.
func (s *Skill) bindAlone(b Binding) (*Bound, diag.List) {
	var diags diag.List
	l := &linker{binding: b, diags: &diags, known: map[*Skill]linked{}}
	of := l.skill(s)
	inputs := s.applyDefaults("inputs", s.Inputs, b.Inputs, b.env(of.config), &diags)
	s.checkInputs(inputs, b.Inputs, &diags)
	if diags.HasErrors() {
		return nil, diags
	}
	call := s.asCall()
	call.Config, call.Defaults, call.Steps = of.config, of.defaults, of.steps
	with, _ := escaped(inputs).(map[string]any)
	p := &program.Program{
		Language: program.Language, Skill: s.Name, Description: s.Description, TextDigest: types.Digest(s.Text), Secrets: s.secretNames(),
		Steps: []program.Node{{ID: s.Name, Kind: program.Skill, With: with, Call: call}},
	}
	for _, o := range s.outputs {
		o.Value, o.Held = types.Dynamic{V: "${{ steps." + s.Name + "." + o.Name + " }}"}, false
		p.Outputs = append(p.Outputs, o)
	}
	return &Bound{p, s, b.Now, b.Zone}, diags
}

// asCall is the skill as another one calls it, without configuration.
func (s *Skill) asCall() *program.Call {
	return &program.Call{
		Skill: s.Name, StepType: s.isType, Version: s.Version, TextDigest: types.Digest(s.Text), Inputs: s.arguments(),
		Identity: s.Identity, Steps: s.Steps, Outputs: s.outputs, Timeout: s.Timeout,
	}
}

// PartialProgram returns the program as far as it is known without the inputs that are
// not there: they are unknown in it. It cannot be run; it tells what a skill
// would reach for.
func (s *Skill) PartialProgram(b Binding) *program.Program {
	var ignored diag.List
	config := s.bindConfig(b, &ignored)
	env := b.env(config)
	inputs := s.applyDefaults("inputs", s.Inputs, b.Inputs, env, &ignored)
	fillUnknown(inputs, s.Inputs, "input")
	fillUnknown(config, s.Config, "config")
	l := &linker{binding: b, diags: &ignored, known: map[*Skill]linked{}, sketch: true}
	return &program.Program{
		Language: program.Language, Skill: s.Name, Version: s.Version, Inputs: inputs, Config: config, Secrets: s.secretNames(), Again: b.Again,
		Steps: l.link(s, s.Steps),
	}
}

// fillUnknown puts in for what is required and missing that it is not known.
func fillUnknown(values map[string]any, declared types.Type, what string) {
	for _, f := range declared.Fields {
		if v, ok := values[f.Name]; f.Required && (!ok || v == nil) {
			values[f.Name] = types.Unknown{After: what + " " + f.Name}
		}
	}
}

func evalBare(src string, env expr.Env) (any, error) {
	e, problems := expr.Parse(src)
	if len(problems) > 0 {
		return nil, types.Errorf(types.Internal, "%s", problems[0].Message)
	}
	return e.Eval(env)
}

// applyDefaults returns the values with every default that was not given, evaluated.
func (s *Skill) applyDefaults(what string, declared types.Type, given map[string]any, env expr.Env, diags *diag.List) map[string]any {
	out := declared.Defaults(given)
	for _, f := range declared.Fields {
		src, dynamic := s.defaults[what+"."+f.Name]
		if _, ok := given[f.Name]; ok || !dynamic {
			continue
		}
		v, err := evalData(src, env)
		if err != nil {
			diags.Errorf("bad-default", s.places[what+"."+f.Name], "default of %s: %v", f.Name, err)
			continue
		}
		out[f.Name] = f.Type.Filled(v)
	}
	return out
}

// cli is the place of something typed on the command line.
func cli(name string) diag.Range { return diag.Range{File: "--input " + name} }

// checkGiven says what is wrong with a value that someone gave. No command line,
// program, path or variable can hold a NUL.
func checkGiven(t types.Type, v any) error {
	err := t.Check(v)
	if err == nil && types.HoldsNUL(v) {
		err = errors.New("holds a NUL character")
	}
	return err
}

func (s *Skill) checkInputs(inputs, given map[string]any, diags *diag.List) {
	for _, name := range types.SortedKeys(given) {
		if _, ok := s.Inputs.Field(name); !ok {
			diags.Errorf("unknown-input", cli(name), "%s has no input %s", s.Name, name).Hint = diag.DidYouMean(name, s.Inputs.Names())
		}
	}
	for _, f := range s.Inputs.Fields {
		v, ok := inputs[f.Name]
		declared := []diag.Note{{At: s.places["inputs."+f.Name], Message: f.Name + " is declared here"}}
		if !ok || v == nil {
			if f.Required {
				d := diags.Errorf("missing-input", cli(f.Name), "input %s is missing", f.Name)
				d.Hint, d.Related = "add --input "+f.Name+"=…  "+f.Doc, declared
			}
			continue
		}
		if err := checkGiven(f.Type, v); err != nil {
			d := diags.Errorf("bad-input", cli(f.Name), "input %s %v", f.Name, err)
			d.Hint, d.Related = f.Doc, declared
		}
	}
}

func (s *Skill) bindConfig(b Binding, diags *diag.List) map[string]any {
	given := map[string]any{}
	for _, f := range s.Config.Fields {
		if v, ok := b.Config[f.Name]; ok {
			given[f.Name] = v
		}
	}
	env := b.env(given)
	out := s.applyDefaults("config", s.Config, given, env, diags)
	for _, f := range s.Config.Fields {
		v, ok := out[f.Name]
		declared := s.places["config."+f.Name]
		if !ok || v == nil {
			if f.Required {
				diags.Errorf("missing-config", declared, "config value %s is not set", f.Name).
					Hint = "set it under config: in skillrun.yaml" + asIn(f)
			}
			continue
		}
		if err := checkGiven(f.Type, v); err != nil {
			at := declared
			if b.ConfigPlace != nil {
				at = b.ConfigPlace(s.Name, f.Name)
			}
			d := diags.Errorf("bad-config", at, "config value %s %v", f.Name, err)
			d.Related = []diag.Note{{At: declared, Message: f.Name + " is declared here"}}
		}
	}
	return out
}

// ParseConfig turns what a person typed for names of the configuration into
// values, by the declarations of the skill and of those that it calls. The place
// of what is wrong is "--set NAME".
func (s *Skill) ParseConfig(typed map[string]string) (map[string]any, diag.List) {
	var diags diag.List
	out := map[string]any{}
	declared := map[string]declaration{}
	s.declares(declared)
	for _, name := range types.SortedKeys(typed) {
		at := diag.Range{File: "--set " + name}
		d, ok := declared[name]
		if !ok {
			diags.Errorf("unknown-config", at, "the skill declares no config value %s", name).Hint = diag.DidYouMean(name, types.SortedKeys(declared))
			continue
		}
		v, err := d.field.Type.Parse(typed[name])
		if err == nil {
			err = checkGiven(d.field.Type, v)
		}
		if err != nil {
			x := diags.Errorf("bad-config", at, "config value %s %v", name, err)
			x.Hint, x.Related = d.field.Doc, []diag.Note{{At: d.at, Message: name + " is declared here"}}
			continue
		}
		out[name] = v
	}
	return out, diags
}

type declaration struct {
	field types.Field
	at    diag.Range
}

func (s *Skill) declares(out map[string]declaration) {
	for _, f := range s.Config.Fields {
		if _, there := out[f.Name]; !there {
			out[f.Name] = declaration{f, s.places["config."+f.Name]}
		}
	}
	for _, name := range types.SortedKeys(s.calls) {
		s.calls[name].declares(out)
	}
}

// ParseInputs turns what a person typed into values, by the types of the
// declared inputs. Names that are not declared stay texts, and are refused by
// Bind.
func (s *Skill) ParseInputs(typed map[string]string) (map[string]any, diag.List) {
	var diags diag.List
	out := map[string]any{}
	for _, name := range types.SortedKeys(typed) {
		f, ok := s.Inputs.Field(name)
		if !ok {
			out[name] = typed[name]
			continue
		}
		v, err := f.Type.Parse(typed[name])
		if err != nil {
			d := diags.Errorf("bad-input", cli(name), "input %s %v", name, err)
			d.Hint = f.Doc
			d.Related = []diag.Note{{At: s.places["inputs."+name], Message: name + " is declared here"}}
			continue
		}
		out[name] = v
	}
	return out, diags
}
