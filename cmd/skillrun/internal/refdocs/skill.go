package refdocs

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Skill is what can be told of a skill without running it.
type Skill struct {
	Name          string    `json:"name"`
	Version       string    `json:"version,omitempty"`
	Timeout       string    `json:"timeout,omitempty"` // of a run, while a process is at it
	Description   string    `json:"description,omitempty"`
	File          string    `json:"file"`
	Configuration string    `json:"configuration,omitempty"` // the file that the values below are of
	Inputs        []Input   `json:"inputs"`
	Config        []Setting `json:"config"`
	Secrets       []Secret  `json:"secrets,omitempty"` // of the site, also those of what it calls
	Steps         []Node    `json:"steps"`
	Services      []Service `json:"services"`
	Effects       []Effect  `json:"effects"`
	Outputs       []Output  `json:"outputs"`
}

// Lacks reports whether a value is missing that the skill requires.
func (k Skill) Lacks() bool {
	return slices.ContainsFunc(k.Config, func(s Setting) bool { return s.Missing })
}

// Input is something that a run is given.
type Input struct {
	Name        string   `json:"name"`
	Type        string   `json:"type"`
	Required    bool     `json:"required"`
	Default     any      `json:"default,omitempty"`
	Enum        []string `json:"enum,omitempty"`
	Pattern     string   `json:"pattern,omitempty"`
	Format      string   `json:"format,omitempty"`
	Description string   `json:"description,omitempty"`

	field types.Field
}

// Setting is a value of the configuration that a skill wants, or what it calls.
type Setting struct {
	Input
	Of      string `json:"of,omitempty"` // what it calls
	Value   any    `json:"value,omitempty"`
	Place   string `json:"place,omitempty"` // where the value stands
	Missing bool   `json:"missing"`
}

// Secret is a credential of the site that a skill uses itself.
type Secret struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Missing     string `json:"missing,omitempty"` // why it cannot be used
}

// Service is what a skill asks services for.
type Service struct {
	Name    string   `json:"name"`
	URL     string   `json:"url,omitempty"`
	Missing string   `json:"missing,omitempty"` // why it cannot be used
	Reads   []string `json:"reads,omitempty"`   // objects
	Writes  []string `json:"writes,omitempty"`
}

// Effect is a write that the skill does.
type Effect struct {
	ID      string         `json:"id"`
	Uses    string         `json:"uses"`
	Service string         `json:"service,omitempty"`
	URL     string         `json:"url,omitempty"`
	Verb    string         `json:"verb"`
	Object  string         `json:"object"`
	Target  map[string]any `json:"target,omitempty"` // the arguments that decide where it lands, when they are known
	If      string         `json:"if,omitempty"`
	// Around tells the loops and conditions beside its own that decide whether and
	// how often it happens, from the outside in.
	Around []string `json:"around,omitempty"`
}

// Output is what a run gives.
type Output struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Describe tells about a skill under a configuration, which may be empty. uses
// are its steps with the arguments that are known.
func Describe(s *engine.Skill, cfg *config.Config, uses map[string][]step.Use) Skill {
	out := Skill{
		Name: s.Name, Version: s.Version, Timeout: s.Timeout, Description: s.Description, File: s.File, Configuration: cfg.Path,
		Inputs: []Input{}, Config: []Setting{}, Services: []Service{}, Effects: []Effect{}, Outputs: []Output{},
	}
	for _, f := range s.Inputs.Fields {
		out.Inputs = append(out.Inputs, inputOf(f))
	}
	out.Config = settingsOf(s, cfg)
	out.Secrets = secretsOf(s, cfg)
	d := describer{skill: s, cfg: cfg, uses: uses}
	out.Steps = nodesOf(s.Steps)
	for _, name := range s.Services {
		out.Services = append(out.Services, d.service(name))
	}
	out.Effects = append(out.Effects, d.effects()...)
	for _, f := range s.Outputs.Fields {
		out.Outputs = append(out.Outputs, Output{f.Name, f.Type.String()})
	}
	return out
}

func inputOf(f types.Field) Input {
	return Input{
		Name: f.Name, Type: f.Type.Present().String(), Required: f.Required, Default: f.Default,
		Enum: f.Type.Enum, Pattern: f.Type.Pattern, Format: f.Type.Format, Description: f.Doc, field: f,
	}
}

// settingsOf are those of the skill and of what it calls; one that both declare is told once.
func settingsOf(s *engine.Skill, cfg *config.Config) []Setting {
	out := []Setting{}
	for _, c := range s.Settings() {
		one := settingOf(c.Field, c.Of, cfg, cfg.ValuesFor(c.Of))
		if c.Of != s.Name {
			one.Of = c.Of
		}
		if !slices.ContainsFunc(out, func(o Setting) bool { return o.Name == one.Name && o.Place == one.Place && o.Missing == one.Missing }) {
			out = append(out, one)
		}
	}
	return out
}

func settingOf(f types.Field, skill string, cfg *config.Config, values map[string]any) Setting {
	v := values[f.Name]
	if v == nil {
		return Setting{Input: inputOf(f), Missing: f.Required}
	}
	return Setting{Input: inputOf(f), Value: v, Place: cfg.PlaceOf(skill, f.Name).String()}
}

func secretsOf(s *engine.Skill, cfg *config.Config) (out []Secret) {
	for _, n := range s.NeedsSecret {
		one := Secret{Name: strings.TrimPrefix(n.Service, types.SitePrefix)}
		if slices.ContainsFunc(out, func(o Secret) bool { return o.Name == one.Name }) {
			continue
		}
		f, _ := s.Secrets.Field(one.Name)
		one.Description = f.Doc
		if missing := cfg.Missing([]config.Need{config.Need(n)}); len(missing) > 0 {
			one.Missing = missing[0].Message
		}
		out = append(out, one)
	}
	return out
}

// describer gathers what a skill does to services.
type describer struct {
	skill *engine.Skill
	cfg   *config.Config
	uses  map[string][]step.Use
}

func (d describer) typeOf(name string) (step.Step, bool) {
	i := slices.IndexFunc(d.skill.Uses, func(s step.Step) bool { return s.Name == name })
	if i < 0 {
		return step.Step{}, false
	}
	return d.skill.Uses[i], true
}

func (d describer) service(name string) Service {
	out := Service{Name: name, URL: d.cfg.Services[name].URL}
	needs := slices.DeleteFunc(Needs(d.skill.Needs(nil)), func(n config.Need) bool { return n.Service != name })
	if missing := d.cfg.Missing(needs); len(missing) > 0 {
		out.Missing = missing[0].Message
	}
	each(d.skill.Steps, place{}, func(id string, _ place, n *engine.Node) {
		t, ok := d.typeOf(n.Step)
		if !ok || d.serviceOf(id, n.With, t) != name {
			return
		}
		if t.Effect == step.Writes {
			out.Writes = add(out.Writes, t.Touch.Object)
		} else {
			out.Reads = add(out.Reads, t.Touch.Object)
		}
	})
	return out
}

// Needs are the services of a skill as the configuration looks for them.
func Needs(needs []engine.Need) []config.Need {
	out := make([]config.Need, len(needs))
	for i, n := range needs {
		out[i] = config.Need(n)
	}
	return out
}

func add(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// serviceOf is the service a step goes to: the one it names, else that of its type.
func (d describer) serviceOf(id string, with types.Values, t step.Step) string {
	for name, uses := range d.uses {
		if slices.ContainsFunc(uses, func(u step.Use) bool { return u.Node == id }) {
			return name
		}
	}
	if name, ok := with["service"].(string); ok {
		return name
	}
	return t.Touch.Service
}

func (d describer) effects() []Effect {
	var out []Effect
	each(d.skill.Steps, place{}, func(id string, at place, n *engine.Node) {
		t, ok := d.typeOf(n.Step)
		if !ok || t.Effect != step.Writes {
			return
		}
		service := d.serviceOf(id, n.With, t)
		out = append(out, Effect{
			ID: id, Uses: n.Step, Service: service, URL: d.cfg.Services[service].URL,
			Verb: t.Touch.Verb, Object: t.Touch.Object, Target: d.target(id, service, t), If: n.If,
			Around: at.around,
		})
	})
	return out
}

// target are the known arguments of a step that decide where its effect lands.
func (d describer) target(id, service string, t step.Step) map[string]any {
	i := slices.IndexFunc(d.uses[service], func(u step.Use) bool { return u.Node == id })
	if i < 0 {
		return nil
	}
	out := map[string]any{}
	for _, f := range t.In.Fields {
		if v, ok := d.uses[service][i].Args[f.Name]; ok && f.Type.Trusted && f.Name != "service" {
			out[f.Name] = v
		}
	}
	return out
}

// Text prints the description for people.
func (k Skill) Text(w io.Writer) {
	fmt.Fprintf(w, "%s\n%s\n", line(k.Name+" "+k.Version), indented(k.Description))
	if k.Timeout != "" {
		fmt.Fprintf(w, "timeout: %s\n", k.Timeout)
	}
	table(w, "inputs", len(k.Inputs), func(tw io.Writer) {
		for _, i := range k.Inputs {
			fmt.Fprintf(tw, "  %s\t%s\t%s\n", i.Name, typeOf(i.field), about(i))
		}
	})
	k.config(w)
	table(w, "secrets", len(k.Secrets), func(tw io.Writer) {
		for _, s := range k.Secrets {
			fmt.Fprintf(tw, "  %s\t%s\n", s.Name, strings.TrimSpace(line(s.Description)+k.unless(s.Missing)))
		}
	})
	table(w, "steps", len(k.Steps), func(tw io.Writer) {
		nodeRows(tw, k.Steps, "  ")
	})
	k.reach(w)
	table(w, "outputs", len(k.Outputs), func(tw io.Writer) {
		for _, o := range k.Outputs {
			fmt.Fprintf(tw, "  %s\t%s\n", o.Name, o.Type)
		}
	})
}

func (k Skill) config(w io.Writer) {
	title, missing := "config", 0
	if k.Configuration != "" {
		title += " (" + k.Configuration + ")"
	}
	table(w, title, len(k.Config), func(tw io.Writer) {
		for _, c := range k.Config {
			value := ""
			switch {
			case c.Missing:
				value, missing = "MISSING", missing+1
			case c.Value != nil:
				value = "= " + line(types.Show(c.Value))
			}
			of := ""
			if c.Of != "" {
				of = " (of " + c.Of + ")"
			}
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\n", c.Name, typeOf(c.field), about(c.Input)+of, value)
		}
	})
	switch {
	case missing > 0 && k.Configuration == "":
		fmt.Fprintf(w, "  %d missing: there is no configuration; see --config, --set and --sandbox\n", missing)
	case missing > 0:
		fmt.Fprintf(w, "  %d missing: set them under config: in %s\n", missing, k.Configuration)
	}
}

func (k Skill) reach(w io.Writer) {
	table(w, "services", len(k.Services), func(tw io.Writer) {
		for _, s := range k.Services {
			at := strings.TrimSpace(s.URL + k.unless(s.Missing))
			does := []string{}
			if len(s.Reads) > 0 {
				does = append(does, "reads "+strings.Join(s.Reads, ", "))
			}
			if len(s.Writes) > 0 {
				does = append(does, "writes "+strings.Join(s.Writes, ", "))
			}
			fmt.Fprintf(tw, "  %s\t%s\t%s\n", s.Name, at, strings.Join(does, "; "))
		}
	})
	table(w, "effects", len(k.Effects), func(tw io.Writer) {
		for _, e := range k.Effects {
			at := []string{e.URL}
			for _, name := range types.SortedKeys(e.Target) {
				at = append(at, name+"="+line(types.Show(e.Target[name])))
			}
			fmt.Fprintf(tw, "  %s\t%s\t%s\t%s\t%s\n", e.Service, e.Verb, e.Object, e.ID, strings.TrimSpace(strings.Join(at, " ")+brackets(e.when())))
		}
	})
	if len(k.Effects) == 0 {
		fmt.Fprintln(w, "\neffects: none")
	}
}

// unless is why something cannot be used, where there is a configuration.
func (k Skill) unless(missing string) string {
	if missing == "" || k.Configuration == "" {
		return ""
	}
	return " (" + missing + ")"
}

// when tells all that decides whether and how often the effect happens.
func (e Effect) when() []string { return slices.Concat(e.Around, often("", "", e.If)) }

// about is a description with the values it allows.
func about(i Input) string {
	switch {
	case len(i.Enum) > 0:
		return strings.TrimSpace(line(i.Description) + " (one of " + strings.Join(i.Enum, ", ") + ")")
	case i.Format != "":
		return strings.TrimSpace(line(i.Description) + " (" + i.Format + ")")
	}
	return line(i.Description)
}

// indented is a text of which no line stands where a title does.
func indented(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return s
	}
	return "  " + strings.ReplaceAll(s, "\n", "\n  ")
}

// line puts a text on one line.
func line(s string) string { return strings.Join(strings.Fields(s), " ") }

// table prints rows, if there are any, under a title.
func table(w io.Writer, title string, rows int, print func(io.Writer)) {
	if rows == 0 {
		return
	}
	var text strings.Builder
	tw := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	print(tw)
	tw.Flush()
	fmt.Fprintf(w, "\n%s:\n", title)
	for l := range strings.Lines(text.String()) {
		fmt.Fprintln(w, strings.TrimRight(l, " \n"))
	}
}
