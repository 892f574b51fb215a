package book

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/refdocs"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Markdown writes the page of a skill.
func (s *Subject) Markdown(w io.Writer) error {
	p := &page{}
	p.printf("# %s\n\n", plain(s.Skill.Name))
	if s.Skill.Description != "" {
		p.printf("> %s\n\n", plain(s.Skill.Description))
	}
	for _, part := range []func(*page){
		s.overview, s.quickStart, s.inputs, s.settings, s.flow, s.reach, s.files, s.exampleOutput, s.errors, s.known, s.warning, s.related, s.source,
	} {
		part(p)
	}
	_, err := io.WriteString(w, strings.TrimRight(p.String(), "\n")+"\n")
	return err
}

// overview says what the skill does, in the order in which it does it.
func (s *Subject) overview(p *page) {
	p.section("Overview")
	var reads, writes, waits []string
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) {
		name := plain(cmp.Or(n.Name, n.ID))
		switch {
		case n.Kind == "approve" || n.Kind == "await":
			waits = append(waits, name)
		case n.Effect == "write":
			writes = append(writes, name)
		case n.Kind == "assert" || n.Effect == "read":
			reads = append(reads, name)
		}
	})
	if s.Skill.Version != "" {
		p.printf("Version %s. ", code(s.Skill.Version))
	}
	if s.isWriting() {
		p.printf("What it does, in this order:\n\n")
	} else {
		p.printf("It changes nothing in other systems.\n\n")
	}
	for _, part := range []struct {
		title string
		names []string
	}{{"It looks at", reads}, {"It writes", writes}, {"It waits for", waits}} {
		if len(part.names) > 0 {
			p.printf("- **%s:** %s.\n", part.title, strings.Join(part.names, "; "))
		}
	}
	if len(s.Skill.Identity) > 0 {
		p.printf("- **Once:** two runs with the same %s are the same work: what is there is adopted, not made again.\n", joined(s.Skill.Identity, "and"))
	}
	if c := s.Skill.Concurrency; c != nil {
		p.printf("- **One at a time:** no two runs of the group %s run at once.\n", code(c.Group))
	}
	p.printf("\n")
}

// inputs are a table, or a line.
func (s *Subject) inputs(p *page) {
	p.section("Inputs")
	if len(s.Told.Inputs) == 0 {
		p.printf("None.\n\n")
		return
	}
	var rows [][]string
	for _, i := range s.Told.Inputs {
		rows = append(rows, rowOf(i))
	}
	p.table([]string{"input", "type", "required", "default", "description"}, rows)
}

func rowOf(i refdocs.Input) []string {
	required, value := "no", "–"
	if i.Required {
		required = "**yes**"
	}
	if i.Default != nil {
		value = code(types.Show(i.Default))
	}
	about := []string{sentence(i.Description)}
	if len(i.Enum) > 0 {
		about = append(about, "One of "+joined(i.Enum, "or")+".")
	}
	if i.Pattern != "" {
		about = append(about, "Matches "+code(i.Pattern)+".")
	}
	if i.Format != "" {
		about = append(about, "A "+plain(i.Format)+".")
	}
	return []string{code(i.Name), plain(i.Type), required, value, strings.TrimSpace(strings.Join(about, " "))}
}

// settings are the values that the site gives, and its credentials.
func (s *Subject) settings(p *page) {
	if len(s.Told.Config)+len(s.Told.Secrets) == 0 {
		return
	}
	p.section("Configuration")
	p.printf("Values of the site, from `skillrun.yaml`.\n\n")
	head := []string{"value", "type", "required", "default", "description"}
	var rows [][]string
	for _, c := range s.Told.Config {
		row := rowOf(c.Input)
		if s.Told.Configuration != "" {
			row = append(row, code(types.Show(c.Value)))
			if c.Missing {
				row[len(row)-1] = "**missing**"
			} else if c.Value == nil {
				row[len(row)-1] = "–"
			}
		}
		rows = append(rows, row)
	}
	if s.Told.Configuration != "" {
		head = append(head, "here")
	}
	p.table(head, rows)
	for _, x := range s.Told.Secrets {
		p.printf("- secret %s: %s\n", code(x.Name), sentence(x.Description))
	}
	if len(s.Told.Secrets) > 0 {
		p.printf("\n")
	}
}

func (s *Subject) flow(p *page) {
	p.section("Flow")
	var text strings.Builder
	_ = s.Flow().Mermaid(&text) // a builder takes all
	p.lines("mermaid", text.String())
}

// reach is what is read and written, and where, and by which step types.
func (s *Subject) reach(p *page) {
	p.section("What it reads and writes")
	if len(s.Told.Services) == 0 {
		p.printf("No service is asked.\n\n")
	}
	var rows [][]string
	for _, x := range s.Told.Services {
		rows = append(rows, []string{code(x.Name), cmp.Or(code(x.URL), "as the site says"), plain(strings.Join(x.Reads, ", ")), plain(strings.Join(x.Writes, ", "))})
	}
	p.table([]string{"service", "where", "reads", "writes"}, rows)
	if len(s.Told.Effects) > 0 {
		p.printf("It writes, in this order:\n\n")
		for i, e := range s.Told.Effects {
			p.printf("%d. %s: %s %s (%s)%s\n", i+1, code(e.Service), plain(e.Verb), plain(e.Object), code(e.ID), s.whenOf(e))
		}
		p.printf("\n")
	}
	s.stepTypes(p)
}

func (s *Subject) whenOf(e refdocs.Effect) string {
	when := slices.Clone(e.Around)
	if e.If != "" {
		when = append(when, "if "+e.If)
	}
	if len(when) == 0 {
		return ""
	}
	return ", " + joined(when, "and")
}

// stepTypes lists the step types with the steps that use them.
func (s *Subject) stepTypes(p *page) {
	names := map[string][]string{}
	var order []string
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) {
		uses := n.Step
		if n.Call != nil {
			uses = n.Call.Uses()
		}
		if uses == "" {
			return
		}
		if names[uses] == nil {
			order = append(order, uses)
		}
		names[uses] = append(names[uses], plain(cmp.Or(n.Name, n.ID)))
	})
	if len(order) == 0 {
		return
	}
	p.printf("### Step types used\n\n")
	for _, uses := range order {
		p.printf("- %s: %s\n", code(uses), strings.Join(names[uses], "; "))
	}
	p.printf("\n")
}

// errors are what the skill says when it fails, each a cure in itself, and the codes.
func (s *Subject) errors(p *page) {
	p.section("Errors and their cures")
	var rows [][]string
	codes := map[string]bool{}
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) {
		name := plain(cmp.Or(n.Name, n.ID))
		if (n.Kind == "assert" || n.Kind == "fail" || n.Kind == "await") && n.Message != "" {
			rows = append(rows, []string{name, code(string(codeOf(n))), plain(n.Message)})
		}
		for _, c := range slices.Sorted(maps.Keys(n.Errors)) {
			rows = append(rows, []string{name, code(string(c)), plain(n.Errors[c])})
		}
	})
	p.table([]string{"step", "code", "message"}, rows)
	for _, t := range s.Skill.Uses {
		for _, c := range t.AllCodes() {
			codes[string(c)] = true
		}
	}
	for _, c := range []struct{ code, cure string }{
		{"auth", "a credential is missing or refused: `skillrun doctor " + s.about() + "` says which."},
		{"forbidden", "a permission is missing: `skillrun doctor " + s.about() + "` says which."},
		{"unknown_outcome", "it is not known whether a write happened: look, and tell it with `skillrun resolve RUN STEP`."},
		{"unavailable", "a service did not answer: `skillrun resume RUN` continues where it stopped."},
		{"network", "a service was not reached: `skillrun resume RUN` continues where it stopped."},
	} {
		if codes[c.code] {
			p.printf("- %s: %s\n", code(c.code), c.cure)
		}
	}
	if len(codes) == 0 && len(rows) == 0 {
		p.printf("It has none of its own.\n")
	}
	p.printf("\n")
}

// known are the problems that the site knows and that this skill may have: of its
// services, and with its codes.
func (s *Subject) known(p *page) {
	var rows [][]string
	for _, h := range s.Known {
		if !s.canHave(h) {
			continue
		}
		when := []string{}
		if h.Code != "" {
			when = append(when, code(string(h.Code)))
		}
		if h.Service != "" {
			when = append(when, "of "+code(h.Service))
		}
		if h.Pattern != "" {
			when = append(when, "with "+code(h.Pattern))
		}
		rows = append(rows, []string{strings.Join(when, " "), plain(h.Cause), plain(h.Cure)})
	}
	if len(rows) > 0 {
		p.section("Known problems")
		p.table([]string{"failure", "cause", "cure"}, rows)
	}
}

func (s *Subject) canHave(h config.Hint) bool {
	has := func(f func(step.Step) bool) bool { return slices.ContainsFunc(s.Skill.Uses, f) }
	own := func(n *engine.Node) bool { return codeOf(n) == h.Code && n.Message != "" }
	if h.Service != "" {
		return has(func(t step.Step) bool {
			return t.Touch.Service == h.Service && (h.Code == "" || slices.Contains(t.AllCodes(), h.Code))
		})
	}
	found := h.Code == "" || has(func(t step.Step) bool { return slices.Contains(t.AllCodes(), h.Code) })
	engine.EachOwn(s.Skill.Steps, func(n *engine.Node) { found = found || own(n) })
	return found
}

// codeOf is the code with which a step fails that says so itself.
func codeOf(n *engine.Node) types.Code {
	if n.Kind == "await" {
		return types.Conflict
	}
	return cmp.Or(n.Code, types.BadInput)
}

// warning says what to do with care, of a skill that writes.
func (s *Subject) warning(p *page) {
	if !s.isWriting() {
		return
	}
	p.section("⚠ Warning")
	var services []string
	for _, e := range s.Told.Effects {
		if !slices.Contains(services, e.Service) {
			services = append(services, e.Service)
		}
	}
	p.printf("This skill changes %s. Always:\n\n", joined(services, "and"))
	n := 0
	item := func(format string, args ...any) {
		n++
		p.printf("%d. %s\n", n, fmt.Sprintf(format, args...))
	}
	for _, i := range s.Told.Inputs {
		if i.Required {
			item("Verify that %s is correct: %s", code(i.Name), sentence(i.Description))
		}
	}
	item("Check what `skillrun plan` shows before it is written.")
	engine.EachOwn(s.Skill.Steps, func(x *engine.Node) {
		if x.Kind == "approve" || x.Kind == "await" {
			item("%s. The run waits for it.", plain(cmp.Or(x.Name, x.ID)))
		}
	})
	item("Look at the run afterwards: `skillrun runs last`; `skillrun undo last` shows what can be taken back.")
	p.printf("\n")
}

// related are skills that call it or are called, or that have to do with the same objects.
func (s *Subject) related(p *page) {
	p.section("Related skills")
	mine, calls := TouchesOf(s.Skill), CallsOf(s.Skill)
	found := 0
	for _, o := range s.Others {
		why := ""
		switch {
		case slices.Contains(calls, o.Name):
			why = "it is called by this one"
		case slices.Contains(o.Calls, s.Skill.Name):
			why = "it calls this one"
		default:
			why = shared(mine, o.Touches)
		}
		if why == "" || found == mostRelated {
			continue
		}
		found++
		name := code(o.Name)
		if s.Link != nil {
			name = "[" + name + "](" + s.Link(o.Name) + ")"
		}
		p.printf("- %s: %s (%s)\n", name, plain(o.About), why)
	}
	if found == 0 {
		p.printf("None of those that were found.\n")
	}
	p.printf("\n")
}

const mostRelated = 8

// shared says which objects both have to do with, one of them as a writer.
func shared(mine, theirs []Touch) string {
	var both []string
	for _, a := range mine {
		for _, b := range theirs {
			if a.Object == b.Object && (a.Writes || b.Writes) && !slices.Contains(both, a.Object) {
				both = append(both, a.Object)
			}
		}
	}
	if len(both) == 0 {
		return ""
	}
	return "both have to do with " + plain(strings.Join(both, ", "))
}

func (s *Subject) source(p *page) {
	if s.Source {
		p.section("Source")
		p.lines("yaml", string(s.Skill.Text))
	}
}

// about is the argument that names the skill.
func (s *Subject) about() string {
	return strings.TrimPrefix(strings.TrimPrefix(s.Command, "skillrun "), "run ")
}

// tool is how an agent is told of the skill.
func (s *Subject) tool() string {
	text, _ := json.MarshalIndent(map[string]any{ // texts and maps of texts always encode
		"name": s.Skill.Name, "description": s.Skill.Description, "inputSchema": s.Skill.Inputs.Schema(),
	}, "", "  ")
	return string(text)
}
