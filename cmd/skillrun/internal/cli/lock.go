package cli

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

func (p *Program) lockCmd() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use: "lock [SKILL|FILE|FOLDER|PATTERN]...", Short: "Keep the schemas of the MCP tools that skills use, so that check knows them",
		Long: `Asks the MCP servers for the JSON Schemas of the tools that the skills and step types
name, and writes them to skillrun.lock in the folder of the skills; without arguments
for those in ./skills. check, plan and run then check the arguments of the tools
without asking. Where a tool has another schema than the one whose digest the skill
names, nothing is written.`,
		Example: "  skillrun lock\n  skillrun lock ./skills --config prod.yaml",
		RunE:    func(c *cobra.Command, args []string) error { return p.lock(c.Context(), args, f) },
	}
	p.siteFlags(c, &f, "ask the sandbox's services")
	c.ValidArgsFunction = p.completeSkills
	return c
}

// lockedFile is what lock wrote.
type lockedFile struct {
	File  string `json:"file"`
	Tools int    `json:"tools"`
}

func (p *Program) lock(ctx context.Context, args []string, f runFlags) error {
	if len(args) == 0 {
		args = []string{"skills"}
	}
	found, unread, err := p.checkable(args)
	if err != nil {
		return refused(err)
	}
	for _, src := range found {
		if err := src.needsTrust(); err != nil {
			return refused(err)
		}
	}
	s, err := p.openSite(ctx, f)
	if err != nil {
		return err
	}
	defer s.close()
	pins, sources, diags := p.pins(found)
	if diags = append(diags, unread...); diags.HasErrors() {
		return p.diagnose(diags, sources)
	}
	tools, diags, err := p.lockedTools(ctx, pins, p.Schemas(s.cfg))
	if err != nil {
		return refused(err)
	}
	if diags.HasErrors() {
		return p.diagnose(diags, sources)
	}
	files := []lockedFile{}
	for _, file := range types.SortedKeys(tools) {
		if err := writeLock(p.path(file), tools[file]); err != nil {
			return refused(types.Errorf(types.Forbidden, "%s cannot be written: %w", file, bare(err, file)).WithHint("see who may write there: ls -ld %s", filepath.Dir(file)))
		}
		files = append(files, lockedFile{file, len(tools[file])})
		fmt.Fprintf(p.told(), "%s: %d locked\n", render.Flat(file), len(tools[file]))
	}
	if len(files) == 0 {
		fmt.Fprintln(p.told(), "no tool of an MCP server is named: there is nothing to lock")
	}
	p.tell(map[string]any{"files": files})
	return nil
}

// pins are what the files name, by where it is kept. What is kept already is not looked
// at: it may be behind.
func (p *Program) pins(found []source) (map[string][]engine.PinAt, render.Sources, diag.List) {
	var diags diag.List
	pins, sources := map[string][]engine.PinAt{}, render.Sources{}
	cat, err := p.catalogue()
	if err != nil {
		diags.Errorf("unreadable", diag.Range{}, "%v", err)
		return nil, nil, diags
	}
	called := newCallees(p, true)
	e := engine.New(engine.Setup{Catalogue: cat, Skills: called.find, StepTypes: called.findStepType})
	for _, src := range found {
		skill, mistakes := e.Check(src.File, src.Text)
		sources[src.File] = src.Text
		if mistakes.HasErrors() {
			diags = append(diags, mistakes...)
			continue
		}
		if own := e.Pins(skill); len(own) > 0 {
			pins[lockOf(src.File)] = append(pins[lockOf(src.File)], own...)
		}
	}
	maps.Copy(sources, called.texts)
	return pins, sources, diags
}

// lockedTools asks for the schemas, each service once. What is another one than a skill
// names is a diagnostic where it names it.
func (p *Program) lockedTools(ctx context.Context, pins map[string][]engine.PinAt, ask func(context.Context, string) (map[string]step.Schema, error)) (map[string][]lockedTool, diag.List, error) {
	var diags diag.List
	out, asked := map[string][]lockedTool{}, map[string]map[string]step.Schema{}
	for _, file := range types.SortedKeys(pins) {
		for _, pin := range pins[file] {
			if asked[pin.Service] == nil {
				schemas, err := ask(ctx, pin.Service)
				if err != nil {
					return nil, nil, err
				}
				asked[pin.Service] = schemas
			}
			is, there := asked[pin.Service][pin.Name]
			switch {
			case !there:
				diags.Errorf("other-schema", pin.At, "service %s has no tool %s", pin.Service, pin.Name).Hint = diag.DidYouMean(pin.Name, types.SortedKeys(asked[pin.Service]))
			case is.Digest() != pin.Digest:
				diags.Errorf("other-schema", pin.At, "the schema of tool %s of service %s is another one: %s", pin.Name, pin.Service, is.Digest()).
					Hint = "see what has changed, adapt the arguments, and write that digest as schema"
			case !slices.ContainsFunc(out[file], func(t lockedTool) bool { return t.Service == pin.Service && t.Tool == pin.Name }):
				out[file] = append(out[file], lockedTool{pin.Service, pin.Name, pin.Digest, is})
			}
		}
	}
	return out, diags, nil
}
