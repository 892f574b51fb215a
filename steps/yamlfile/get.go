package yamlfile

import (
	"context"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/engine/yamltext"
	"github.com/skillrun/skillrun/steps/workspaces"
)

type getIn struct {
	Text      *string `json:"text" doc:"The YAML itself, at most 4 MiB. Give either this, or workspace and file."`
	Workspace *string `json:"workspace" workspace:"true" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"The workspace that holds the file, as git_checkout returned it."`
	File      *string `json:"file" doc:"The path of the file in the workspace; at most 4 MiB."`
	JSONPath  string  `json:"jsonpath" doc:"JSONPath (RFC 9535) of the values, e.g. $.targets[?(@.name == 'prod')].ref. It applies to every document of the file."`
	Expect    *int    `json:"expect" minimum:"0" doc:"How many values the path has to match; by default one or more."`
}

type getOut struct {
	Value  any      `json:"value" doc:"The first match. Plain scalars have the types of YAML 1.2; an integer beyond 64 bits is a string."`
	Text   string   `json:"text" doc:"The first match as it is written in the file, without quotes and never as a number: use it for SHAs. Empty for lists and objects."`
	Values []any    `json:"values" doc:"All matches, as value."`
	Texts  []string `json:"texts" doc:"All matches, as text."`
	Count  int      `json:"count" doc:"How many values the path matched."`
	Line   int      `json:"line" doc:"Line of the first match, from 1; 0 without one."`
	Kind   string   `json:"kind" doc:"What the first match is: string, integer, number, boolean, null, list or object; empty without one."`
}

// check refuses arguments that name no place, or more than one.
func (in getIn) check(unknown step.UnknownPaths) error {
	one := unknown.CheckCount(1, 1, map[string]bool{"text": in.Text != nil, "file": in.File != nil})
	if both := unknown.CheckTogether(map[string]bool{"workspace": in.Workspace != nil, "file": in.File != nil}); one != nil || both != nil {
		return types.Errorf(types.BadInput, "give either text, or workspace and file").
			WithHint("text is for the output of another step; workspace and file are for a file of git_checkout")
	}
	if in.File != nil {
		if err := workspaces.CheckPath(*in.File); err != nil {
			return err
		}
	}
	return checkPath(in.JSONPath, unknown)
}

// looks says that only a workspace is looked at, or the text itself.
func looks(_ context.Context, u step.Use) step.Reach {
	return step.Reach{Sees: u.Places(step.Workspace, "workspace")}
}

func get(ctx context.Context, in getIn) (getOut, error) {
	var src []byte
	var err error
	if in.Text != nil {
		src = []byte(*in.Text)
	} else if src, err = readFile(ctx, *in.Workspace, *in.File); err != nil {
		return getOut{}, err
	}
	docs, err := parse(src)
	if err != nil {
		return getOut{}, err
	}
	found, origins, err := find(in.JSONPath, docs)
	if err != nil {
		return getOut{}, err
	}
	switch {
	case in.Expect == nil && len(found) == 0:
		return getOut{}, countError(in.JSONPath, found, "at least 1 match")
	case in.Expect != nil && len(found) != *in.Expect:
		return getOut{}, countError(in.JSONPath, found, counted(*in.Expect))
	}
	return describe(found, origins), nil
}

func describe(found []match, origins map[*yamltext.Node]origin) getOut {
	out := getOut{Values: []any{}, Texts: []string{}, Count: len(found)}
	for _, m := range found {
		out.Values = append(out.Values, plainValue(m.view, origins))
		out.Texts = append(out.Texts, m.node.Value)
	}
	if len(found) > 0 {
		first := found[0]
		out.Value, out.Text, out.Line = out.Values[0], out.Texts[0], first.node.Line
		out.Kind = kindName(first.view, origins)
	}
	return out
}
