package cli

import (
	"path/filepath"
	"strings"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/config"
	"github.com/skillrun/skillrun/engine/diag"
)

// inputs gathers --input-file and --input; the latter wins.
func (p *Program) inputs(s *engine.Skill, f runFlags) (map[string]any, diag.List) {
	values := map[string]any{}
	var diags diag.List
	if f.inputFile != "" {
		values, diags = p.inputFile(f.inputFile)
	}
	typed := map[string]string{}
	for _, arg := range f.inputs {
		name, text, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			diags.Errorf("bad-input", diag.Range{File: "--input " + arg}, "%q is not name=value", arg).Hint = "write --input name=value"
			continue
		}
		if _, twice := typed[name]; twice {
			diags.Errorf("bad-input", diag.Range{File: "--input " + name}, "input %s is given twice", name)
		}
		text, err := p.inputText(text)
		if err != nil {
			diags.Errorf("bad-input", diag.Range{File: "--input " + name}, "%v", err)
			continue
		}
		typed[name] = text
	}
	parsed, more := s.ParseInputs(typed)
	for name, v := range parsed {
		values[name] = v
	}
	return values, append(diags, more...)
}

// inputText reads @file and -.
func (p *Program) inputText(text string) (string, error) {
	switch {
	case text == "-":
		b, err := limited(p.Stdin, "stdin")
		return strings.TrimSuffix(string(b), "\n"), err
	case strings.HasPrefix(text, "@"):
		b, err := readFile(p.path(text[1:]))
		return strings.TrimSuffix(string(b), "\n"), err
	}
	return text, nil
}

func (p *Program) inputFile(name string) (map[string]any, diag.List) {
	var diags diag.List
	text, err := readFile(p.path(name))
	if err != nil {
		diags.Errorf("bad-input", diag.Range{File: name}, "%v", err)
		return map[string]any{}, diags
	}
	return config.Values(name, text)
}

func (p *Program) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}
