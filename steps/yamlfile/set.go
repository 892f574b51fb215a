package yamlfile

import (
	"context"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/workspaces"
)

type setIn struct {
	Workspace string `json:"workspace" workspace:"true" pattern:"^[a-z0-9][a-z0-9._-]{0,63}$" doc:"The workspace that holds the file, as git_checkout returned it."`
	File      string `json:"file" doc:"The path of the file in the workspace; at most 4 MiB."`
	JSONPath  string `json:"jsonpath" doc:"JSONPath (RFC 9535) of the scalar, e.g. $.targets[?(@.name == 'prod')].ref. It applies to every document of the file."`
	Value     string `json:"value" doc:"The new value. It is written as a string, quoted where it would read as a number, a date or a boolean. In a JSON file, a number that replaces a number stays a number, and true or false that replaces one of them stays a boolean."`
	Expect    int    `json:"expect" default:"1" minimum:"1" doc:"How many scalars the path has to match; all of them are set."`
	// Without consent, what is set is set in its place alone.
	ThroughAnchor bool `json:"through_anchor,omitempty" doc:"Allow a change that shows in other places of the file, through an alias, a merge key or an anchor. Without it, such a change is refused."`
}

type setOut struct {
	File    string `json:"file" doc:"The file, as given."`
	Old     string `json:"old" doc:"The old text of the first match."`
	New     string `json:"new" doc:"Its new text."`
	Changed bool   `json:"changed" doc:"Whether the file has changed."`
	Count   int    `json:"count" doc:"How many scalars matched."`
	Lines   []int  `json:"lines" doc:"Their lines, from 1."`
	Diff    string `json:"diff" doc:"The change as a unified diff; empty when there is none."`
}

func (in setIn) check(unknown step.UnknownPaths) error {
	if !unknown.Has("file") {
		if err := workspaces.CheckPath(in.File); err != nil {
			return err
		}
	}
	return checkPath(in.JSONPath, unknown)
}

func set(ctx context.Context, in setIn) (setOut, error) {
	src, err := readFile(ctx, in.Workspace, in.File)
	if err != nil {
		return setOut{}, err
	}
	edit, err := Change{in.JSONPath, in.Value, in.Expect, in.ThroughAnchor}.Apply(src)
	if err != nil {
		return setOut{}, err
	}
	if edit.Changed {
		if err := replaceFile(ctx, in.Workspace, in.File, edit.Out); err != nil {
			return setOut{}, err
		}
	}
	out := setOut{
		File: in.File, Old: edit.Old, New: in.Value, Changed: edit.Changed,
		Count: in.Expect, Lines: []int{}, Diff: unified(in.File, src, edit.Out),
	}
	for _, p := range edit.Places {
		out.Lines = append(out.Lines, p.Line)
	}
	return out, nil
}
