package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/cmd/skillrun/internal/schemas"
)

func (p *Program) schemaCmd() *cobra.Command {
	var names []string
	for _, d := range schemas.Documents() {
		names = append(names, d.Name)
	}
	c := &cobra.Command{
		Use: "schema [NAME]", Short: "Print a JSON Schema of the files, for editors; without a name, list them",
		Long: `Prints a JSON Schema (draft 7) of one of the files that skillrun reads, or of what it
prints. That of skills knows the arguments of all step types, also of those that the
files of the search path declare.

An editor with yaml-language-server completes and checks a skill that begins with

  ` + schemas.Modeline("../skill.schema.json") + `

where the path leads from the skill to the file of the schema. Nothing is fetched.`,
		Example: "  skillrun schema\n  skillrun schema skill > skill.schema.json",
		Args:    atMost(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return p.listSchemas()
			}
			return p.schema(args[0], names)
		},
	}
	p.outputFlag(c, new(string))
	p.completeArgs(c, words(names...))
	return c
}

// schema prints the schema of a name.
func (p *Program) schema(name string, names []string) error {
	if err := oneOf("the schema", name, names...); err != nil {
		return err
	}
	cat, err := p.catalogue()
	if err == nil {
		cat, err = p.withDeclared(cat)
	}
	if err != nil {
		return refused(err)
	}
	for _, d := range schemas.Documents() {
		if d.Name == name {
			render.JSON(p.Stdout, d.Make(schemas.World{Catalogue: cat, Kinds: p.Kinds}))
		}
	}
	return nil
}

// listSchemas says which schemas there are.
func (p *Program) listSchemas() error {
	type row struct {
		Name string `json:"name"`
		Of   string `json:"of"`
	}
	var rows []row
	w := tabwriter.NewWriter(p.told(), 0, 0, 2, ' ', 0)
	for _, d := range schemas.Documents() {
		rows = append(rows, row{d.Name, d.Of})
		fmt.Fprintf(w, "%s\t%s\n", d.Name, d.Of)
	}
	p.tell(map[string]any{"schemas": rows})
	return w.Flush()
}
