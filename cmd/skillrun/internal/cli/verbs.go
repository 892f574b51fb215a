package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
)

func (p *Program) listCmd() *cobra.Command {
	c := &cobra.Command{
		Use: "list", Short: "List the skills, and where each comes from", Args: atMost(0),
		Example: "  skillrun list\n  skillrun list --output json", ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error { return p.list() },
	}
	p.outputFlag(c, new(string))
	return c
}

type listed struct {
	Name        string `json:"name"`
	From        string `json:"from"`
	File        string `json:"file"`
	Description string `json:"description,omitempty"`
	OK          bool   `json:"ok"` // it checks
}

func (p *Program) list() error {
	all, err := p.skills()
	if err != nil {
		return refused(err)
	}
	cat, err := p.catalogue()
	if err != nil {
		return refused(err)
	}
	w := tabwriter.NewWriter(render.Cleaner{W: p.told()}, 0, 0, 2, ' ', 0)
	e, _ := p.newChecker(cat)
	out := make([]listed, len(all))
	for i, src := range all {
		p.tellShadow(src)
		out[i] = listed{Name: src.Name, From: src.From, File: src.File}
		skill, diags := e.Check(src.File, src.Text)
		about := "does not check: skillrun check " + src.Name
		if skill != nil && !diags.HasErrors() {
			out[i].OK, out[i].Description, about = true, skill.Description, skill.Description
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", quote(src.Name), render.Flat(src.From), render.Flat(about))
	}
	p.tell(map[string]any{"skills": out})
	return w.Flush()
}
