package cli

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/render"
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
	typed, mistakes := p.typed("--input", f.inputs)
	diags = append(diags, mistakes...)
	parsed, more := s.ParseInputs(typed)
	maps.Copy(values, parsed)
	return values, append(diags, p.headed(more, f)...)
}

// set takes the configuration of --set, for the skill and those that it calls.
func (p *Program) set(cfg *config.Config, s *engine.Skill, f runFlags) diag.List {
	typed, diags := p.typed("--set", f.sets)
	values, more := s.ParseConfig(typed)
	cfg.Set = values
	return append(diags, p.headed(more, f)...)
}

// typed are the texts of arguments that are name=value.
func (p *Program) typed(flag string, args []string) (map[string]string, diag.List) {
	typed := map[string]string{}
	var diags diag.List
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			diags.Errorf("bad-input", given(flag, arg), "%q is not name=value", arg).Hint = "write " + flag + " name=value"
			continue
		}
		if _, twice := typed[name]; twice {
			diags.Errorf("bad-input", given(flag, arg), "%s %s is given twice", map[string]string{"--input": "input", "--set": "config value"}[flag], name).Hint = "leave one of them out"
		}
		text, err := p.inputText(text)
		if err != nil {
			diags.Errorf("bad-input", given(flag, arg), "%v", err).Hint = "@ reads a file, from the working directory; - reads stdin"
			continue
		}
		typed[name] = text
	}
	return typed, diags
}

// given is the place of an argument of a flag, as it was typed.
func given(flag, arg string) diag.Range {
	const most = 60
	if r := []rune(arg); len(r) > most {
		arg = string(r[:most-1]) + "…"
	}
	return diag.Range{File: flag + " " + quote(arg)}
}

// headed heads what is wrong with an input, of which the engine knows the name, by
// where the user gave it: the argument, or the place in the file of --input-file.
func (p *Program) headed(diags diag.List, f runFlags) diag.List {
	var inFile map[string]diag.Range
	if f.inputFile != "" {
		if text, err := readFile(p.path(f.inputFile)); err == nil {
			inFile = config.Places(f.inputFile, text)
		}
	}
	for i, d := range diags {
		flag, name, _ := strings.Cut(d.At.File, " ")
		args := map[string][]string{"--input": f.inputs, "--set": f.sets}[flag]
		j := slices.IndexFunc(args, func(arg string) bool { return strings.HasPrefix(arg, name+"=") })
		if at, there := inFile[name]; there && flag == "--input" && j < 0 {
			diags[i].At = at
		} else if j >= 0 {
			diags[i].At = given(flag, args[j])
		}
	}
	return diags
}

// inputText reads @file and -. Behind @@ stands the text itself.
func (p *Program) inputText(text string) (string, error) {
	switch {
	case strings.HasPrefix(text, "@@"):
		return text[2:], nil
	case text == "-":
		b, err := limited(p.Stdin, "stdin", maxFile)
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
		diags.Errorf("bad-input", diag.Range{File: name}, "%v", err).Hint = "--input-file needs a YAML or JSON file of names and values"
		return map[string]any{}, diags
	}
	return config.Values(name, text)
}

// addInputFile lets diagnostics show lines of the file of --input-file.
func (p *Program) addInputFile(sources render.Sources, f runFlags) {
	if f.inputFile == "" {
		return
	}
	if text, err := readFile(p.path(f.inputFile)); err == nil {
		sources[f.inputFile] = text
	}
}

func (p *Program) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(p.Dir, name)
}
