package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/scaffold"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/schemas"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/types"
)

type newFlags struct {
	description string
	inputs      []string
	step        string
	exec, http  string
	from        string
	site        runFlags
}

func (p *Program) newCmd() *cobra.Command {
	var f newFlags
	c := &cobra.Command{
		Use: "new [NAME|FILE]", Short: "Make a skill or a step type, with a test that passes", Args: atMost(1),
		Long: `Makes skills/NAME.yaml and its tests, skills/NAME_test.yaml; with --step a step type,
skills/steps/NAME.yaml and its tests. FILE is another place. On a terminal, what was not
given is asked for. Nothing that is there is overwritten, and what is made checks, is
formatted, and passes its tests.

--exec takes a command line and --http the path of a request; a name in braces becomes
an input. --from makes a skill of what a run did: its text, and a test in which each step
answers as it did then.

Where ./skill.schema.json, ./step-type.schema.json or ./test.schema.json is (see skillrun
schema), new files refer to it, for editors.`,
		Example: "  skillrun new greet --description 'Greets people' --input name --input times:integer\n  skillrun new --step disk_usage --exec 'df -h {path}'\n" +
			"  skillrun new --step order --http '/v1/orders/{id}'\n  skillrun new deploy_as_on_friday --from last",
		RunE: func(c *cobra.Command, args []string) error { return p.create(c.Context(), args, f) },
	}
	c.Flags().StringVar(&f.description, "description", "", "what it does, in one `sentence`")
	c.Flags().StringArrayVar(&f.inputs, "input", nil, "an input of the skill: `NAME[:TYPE]`, where TYPE is "+orWords(scaffold.Types())+" (repeatable)")
	c.Flags().StringVar(&f.step, "step", "", "make a step type of this `name`, or in this file")
	c.Flags().StringVar(&f.exec, "exec", "", "of --step: the `command` line of a program")
	c.Flags().StringVar(&f.http, "http", "", "of --step: the `path` of a request")
	c.Flags().Lookup("exec").NoOptDefVal, c.Flags().Lookup("http").NoOptDefVal = scaffold.SomeExec, scaffold.SomeHTTP
	c.Flags().StringVar(&f.from, "from", "", "make a skill of what this `run` did")
	p.siteFlags(c, &f.site, "of --from: a run of the sandbox")
	p.completeFlag(c, "from", p.completeRuns(&f.site))
	c.ValidArgsFunction = cobra.NoFileCompletions
	return c
}

// made is a file and its tests that are to be written.
type made struct {
	file, tests     string
	text, testsText string
	stepType        bool
	from            bool             // a run
	inputs          []scaffold.Input // of what is not from a run
}

func (p *Program) create(ctx context.Context, args []string, f newFlags) error {
	var m made
	var err error
	switch {
	case f.from != "":
		m, err = p.newFrom(args, f)
	case f.step != "" || f.exec != "" || f.http != "":
		m, err = p.newStepType(ctx, args, f)
	default:
		m, err = p.newSkill(ctx, args, f)
	}
	if told, ok := errors.AsType[*exitError](err); ok {
		return told
	}
	if err != nil {
		return refused(err)
	}
	m.text, m.testsText = p.modeline(m.file, m.kind(), m.text)+m.text, p.modeline(m.tests, "test", m.testsText)+m.testsText
	if err := p.tryMade(ctx, &m); err != nil {
		return err
	}
	if err := p.writeMade(m); err != nil {
		return refused(err)
	}
	next := m.next()
	fmt.Fprintf(p.told(), "made %s\nmade %s\n\nnext:\n", render.Flat(m.file), render.Flat(m.tests))
	for _, line := range next {
		fmt.Fprintf(p.told(), "  %s\n", render.Flat(line))
	}
	p.tell(map[string]any{"files": []string{m.file, m.tests}, "next": next})
	return nil
}

// newSkill makes a skill of what was given, and of what a person answers.
func (p *Program) newSkill(ctx context.Context, args []string, f newFlags) (m made, err error) {
	arg, err := p.asked(ctx, strings.Join(args, ""), "name of the skill", "", func(s string) string { return engine.BadName(stem(s), false) })
	if err != nil {
		return m, err
	}
	if arg == "" {
		return m, types.Errorf(types.BadInput, "which skill is to be made?").WithHint("give it a name: skillrun new NAME")
	}
	if m, err = m.at(arg, "skills", false); err == nil {
		err = p.free(m)
	}
	if err != nil {
		return m, err
	}
	if f.description, err = p.asked(ctx, f.description, "what it does", "Puts its inputs into a line", nil); err != nil {
		return m, err
	}
	if len(f.inputs) == 0 {
		answer, err := p.asked(ctx, "", "inputs, such as: tag count:integer", "name", func(s string) string { return badInputs(strings.Fields(s)) })
		if err != nil {
			return m, err
		}
		f.inputs = strings.Fields(answer)
	}
	if why := badInputs(f.inputs); why != "" {
		return m, types.Errorf(types.BadInput, "%s", why).WithHint("such as --input tag --input count:integer")
	}
	m.inputs = inputsOf(f.inputs)
	m.text, m.testsText = scaffold.Skill{Name: stem(m.file), Description: f.description, Inputs: m.inputs}.Texts()
	return m, nil
}

// newStepType makes a step type.
func (p *Program) newStepType(ctx context.Context, args []string, f newFlags) (m made, err error) {
	switch {
	case f.step == "":
		return m, types.Errorf(types.BadInput, "which step type is to be made?").WithHint("give it a name: skillrun new --step NAME --exec 'df -h'")
	case f.exec == scaffold.SomeExec && len(args) == 1: // --exec 'df -h', which the flag takes with = only
		f.exec, args = args[0], nil
	case f.http == scaffold.SomeHTTP && len(args) == 1 && strings.HasPrefix(args[0], "/"):
		f.http, args = args[0], nil
	}
	switch {
	case len(args) > 0:
		return m, types.Errorf(types.BadInput, "%q is one name too many: --step has one", args[0]).WithHint("a path of --http begins with /")
	case f.exec != "" && f.http != "":
		return m, types.Errorf(types.BadInput, "a step type is a program or a request, not both").WithHint("leave out --exec or --http")
	case len(f.inputs) > 0:
		return m, types.Errorf(types.BadInput, "--input is for skills").WithHint("the inputs of a step type are the names in braces: --http '/v1/items/{id}'")
	}
	if m, err = m.at(f.step, filepath.Join("skills", typesDir), true); err == nil {
		err = p.free(m)
	}
	if err != nil {
		return m, err
	}
	if f.exec == "" && f.http == "" {
		if f.exec, f.http, err = p.askBody(ctx); err != nil {
			return m, err
		}
	}
	if f.description, err = p.asked(ctx, f.description, "what it does", "Look up what is there", nil); err != nil {
		return m, err
	}
	s := scaffold.StepType{Name: stem(m.file), Doc: f.description, Exec: f.exec, HTTP: f.http}
	m.inputs = s.Inputs()
	m.text, m.testsText = s.Texts()
	return m, nil
}

// askBody asks for a program or a request.
func (p *Program) askBody(ctx context.Context) (exec, http string, err error) {
	kind, err := p.asked(ctx, "", "exec (a program) or http (a request)", "", func(s string) string {
		if err := oneOf("it", s, "exec", "http"); err != nil {
			return err.Error()
		}
		return ""
	})
	switch {
	case err != nil:
		return "", "", err
	case kind == "exec":
		exec, err = p.asked(ctx, "", "command line, with inputs in braces", scaffold.SomeExec, nil)
		return exec, "", err
	case kind == "http":
		http, err = p.asked(ctx, "", "path of the request, with inputs in braces", scaffold.SomeHTTP, nil)
		return "", http, err
	}
	return "", "", types.Errorf(types.BadInput, "what does the step type do?").WithHint("--exec 'df -h {path}' runs a program, --http '/v1/items/{id}' sends a request")
}

// asked is what was given or, on a terminal, what a person answers; otherwise, and for an
// empty answer, what is usual. bad says why an answer cannot be.
func (p *Program) asked(ctx context.Context, given, what, usual string, bad func(string) string) (string, error) {
	if given != "" || !p.Terminal || p.forProgram() {
		return cmp.Or(given, usual), nil
	}
	for {
		shown := what
		if usual != "" {
			shown += " (" + usual + ")"
		}
		fmt.Fprintf(p.Stderr, "%s: ", shown)
		line, err := p.answer(ctx)
		if err != nil {
			fmt.Fprintln(p.Stderr)
			return "", types.Errorf(types.Cancelled, "%s was not given; nothing was made", what)
		}
		if line = cmp.Or(line, usual); line == "" || bad == nil || bad(line) == "" {
			return line, nil
		}
		fmt.Fprintf(p.Stderr, "  %s\n", render.Said(bad(line)))
	}
}

// at says where a file of a name or a path is to be made.
func (m made) at(arg, folder string, stepType bool) (made, error) {
	m.file, m.stepType = arg, stepType
	if !strings.ContainsAny(arg, `/\`) && !isYAML(arg) {
		m.file = filepath.Join(folder, arg+".yaml")
	}
	if filepath.Ext(m.file) != ".yaml" {
		return m, types.Errorf(types.BadInput, "the file %s does not end in .yaml", m.file).WithHint("only such files are found by name")
	}
	name := stem(m.file)
	m.tests = strings.TrimSuffix(m.file, ".yaml") + skilltest.Suffix
	if why := engine.BadName(name, stepType); why != "" {
		return m, types.Errorf(types.BadInput, "%s", why).WithHint("such as `skillrun new open_ticket`")
	}
	switch is := engine.IsStepType(m.file); {
	case stepType && !is:
		return m, types.Errorf(types.BadInput, "a step type is in a folder steps, not %s", m.file).WithHint("such as ./skills/steps/%s.yaml", name)
	case !stepType && is:
		return m, types.Errorf(types.BadInput, "a file in a folder steps is a step type, and %s is to be a skill", m.file).WithHint("make a step type: skillrun new --step %s --exec", quote(m.file))
	}
	return m, nil
}

// inputsOf reads NAME[:TYPE].
func inputsOf(args []string) (out []scaffold.Input) {
	for _, arg := range args {
		name, typ, _ := strings.Cut(arg, ":")
		out = append(out, scaffold.Input{Name: name, Type: cmp.Or(typ, "string")})
	}
	return out
}

func badInputs(args []string) string {
	seen := map[string]bool{}
	for _, in := range inputsOf(args) {
		switch {
		case engine.BadName(in.Name, true) != "":
			return fmt.Sprintf("input %q is not lower-case letters, digits and _, beginning with a letter", in.Name)
		case !slices.Contains(scaffold.Types(), in.Type):
			return fmt.Sprintf("the type of input %s is %s, not %q", in.Name, orWords(scaffold.Types()), in.Type)
		case seen[in.Name]:
			return "input " + in.Name + " is there twice"
		}
		seen[in.Name] = true
	}
	return ""
}

// kind is what schemas call the file.
func (m made) kind() string {
	if m.stepType {
		return "step-type"
	}
	return "skill"
}

// modeline is the comment by which editors find the schema of a file, if it is here.
func (p *Program) modeline(file, kind, text string) string {
	name := kind + ".schema.json"
	rel, err := filepath.Rel(filepath.Dir(p.path(file)), p.path(name))
	if err != nil || len(p.there(name)) == 0 || strings.Contains(text, "yaml-language-server:") {
		return ""
	}
	return schemas.Modeline(filepath.ToSlash(rel)) + "\n"
}
