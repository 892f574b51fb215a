package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
	"github.com/skillrun/skillrun/docs"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/types"
)

// explained is what a code means: a diagnostic's, or one that a step fails with.
type explained struct {
	Code  string   `json:"code"`
	Text  string   `json:"text"`            // Markdown
	Steps []string `json:"steps,omitempty"` // the step types that fail with it
}

func (p *Program) explainCmd() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use: "explain CODE", Short: "Explain a code: of a diagnostic, or one that a step fails with",
		Long: `Explains a code. Of a diagnostic, which has it in brackets: what it means, a file that
is wrong, what is printed about it, and the correction. Of an error, such as not_found:
what it means, and the step types that fail with it.`,
		Example: "  skillrun explain maybe-absent\n  skillrun explain not_found",
		Args:    one("explain needs a code", "write the one in brackets behind a diagnostic: skillrun explain maybe-absent"),
		RunE: func(_ *cobra.Command, args []string) error {
			return p.explain(strings.Trim(args[0], "[]"))
		},
		ValidArgsFunction: completeCodes,
	}
	p.outputFlag(c, &output)
	return c
}

func (p *Program) explain(code string) error {
	about, err := p.explanation(code)
	if err != nil {
		return refused(err)
	}
	p.tell(about)
	out := p.told()
	fmt.Fprintf(out, "%s\n\n%s\n", about.Code, render.Page(about.Text, p.pageWidth()))
	if len(about.Steps) > 0 {
		fmt.Fprintf(out, "\n%s\n", render.Page("It comes from "+strings.Join(about.Steps, ", ")+".", p.pageWidth()))
	}
	return nil
}

// explanation looks a code up, or says which one it is near.
func (p *Program) explanation(code string) (explained, error) {
	for _, c := range docs.Checks() {
		if slices.Contains(c.Codes, code) {
			return explained{Code: strings.Join(c.Codes, ", "), Text: c.Text}, nil
		}
	}
	for _, c := range docs.ErrorCodes() {
		if c.Code == code {
			steps, err := p.failingWith(types.Code(code))
			return explained{code, strings.ToUpper(c.Meaning[:1]) + c.Meaning[1:] + ".", steps}, err
		}
	}
	err := types.Errorf(types.NotFound, "there is no code %s", code)
	if near := diag.Nearest(code, codeNames()); near != "" {
		return explained{}, err.WithHint("did you mean %s? skillrun explain %s", near, near)
	}
	return explained{}, err.WithHint("the code of a diagnostic stands behind it in brackets")
}

// failingWith are the built-in step types that declare a code.
func (p *Program) failingWith(code types.Code) ([]string, error) {
	cat, err := p.catalogue()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(cat.Names(), func(name string) bool {
		s, _ := cat.Lookup(name)
		return !slices.Contains(s.Codes, code)
	}), nil
}

// codeNames are all codes that can be explained.
func codeNames() []string {
	var out []string
	for _, c := range docs.Checks() {
		out = append(out, c.Codes...)
	}
	for _, c := range docs.ErrorCodes() {
		out = append(out, c.Code)
	}
	return out
}

func completeCodes(_ *cobra.Command, args []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nothing()
	}
	var out []cobra.Completion
	for _, c := range docs.Checks() {
		about, _, _ := strings.Cut(strings.TrimPrefix(c.Text, "A warning: "), "\n\n")
		for _, code := range c.Codes {
			out = append(out, described(code, about))
		}
	}
	for _, c := range docs.ErrorCodes() {
		out = append(out, described(c.Code, c.Meaning))
	}
	return beginning(word, out), cobra.ShellCompDirectiveNoFileComp
}
