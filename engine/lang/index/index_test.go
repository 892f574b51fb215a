package index_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/check"
	"github.com/skillrun/skillrun/engine/lang/index"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type shipIn struct {
	Service string `json:"service,omitempty" doc:"Where."`
	Image   string `json:"image" doc:"The image to ship."`
	Mode    string `json:"mode,omitempty" doc:"How." enum:"fast,slow"`
	Force   bool   `json:"force,omitempty" doc:"Whatever is there."`
}

type shipOut struct {
	URL    string `json:"url" doc:"Where it runs."`
	Digest string `json:"digest" doc:"What runs."`
}

func ship(context.Context, shipIn) (shipOut, error) { return shipOut{}, nil }

const called = `name: other
description: Another one.
inputs: {size: {type: integer, required: true, description: How large.}}
steps: [{id: one, set: {a: 1}}]
outputs: {total: "${{ inputs.size }}"}
`

func world() index.World {
	return index.World{
		World: check.World{
			Catalogue: step.NewCatalogue([]step.Step{step.Write("ship", "Ship an image.", ship), step.Read("look", "Look at it.", ship)}),
			Skill: func(_, name string) (string, []byte, error) {
				if name != "other" {
					return "", nil, types.Errorf(types.NotFound, "there is none")
				}
				return "other.yaml", []byte(called), nil
			},
		},
		Skills:   func() []index.Named { return []index.Named{{Name: "other", Doc: "Another one."}} },
		Services: func() []index.Named { return []index.Named{{Name: "prod", Doc: "jira"}} },
	}
}

// cursor takes the mark of a cursor out of a text.
func cursor(t *testing.T, text string) (string, diag.Pos) {
	t.Helper()
	before, after, ok := strings.Cut(text, "‸")
	if !ok {
		t.Fatal("no cursor in the text")
	}
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return before + after, diag.Pos{Line: 1 + strings.Count(before, "\n"), Col: 1 + len([]rune(line))}
}

const head = `name: mine
inputs:
  image: {type: string, required: true, description: "The image 🚀."}
  mode: {type: string, enum: [fast, slow], default: fast}
config:
  place: {type: string, default: here}
steps:
  - id: first
    uses: look
    with: {image: "${{ inputs.image }}"}
`

const tail = `
  - id: after
    set:
      a: "${{ steps.first.url }}"
`

func TestComplete(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, has, hasNot string }{
		"a member of inputs in a hole":      {head + "  - id: x\n    set: {a: \"${{ inputs.‸ }}\"}\n" + tail, "image mode", "first"},
		"a member in an open hole":          {head + "  - id: x\n    set:\n      a: \"${{ inputs.im‸\n" + tail, "image", "len"},
		"a member in an open hole, bare":    {head + "  - id: x\n    set:\n      a: ${{ steps.‸\n" + tail, "first", "after"},
		"a result":                          {head + "  - id: x\n    set:\n      a: ${{ steps.first.‸ }}\n" + tail, "url digest", "image"},
		"a result in a bare expression":     {head + "  - id: x\n    if: steps.first.u‸\n    set: {a: 1}\n" + tail, "url", "image"},
		"a name in a bare expression":       {head + "  - id: x\n    if: le‸\n    set: {a: 1}\n" + tail, "len inputs steps", "id"},
		"a name in quotes":                  {head + "  - id: x\n    if: \"st‸\"\n    set: {a: 1}\n" + tail, "steps", "id"},
		"error in errors":                   {head + "  - id: x\n    uses: ship\n    with: {image: a}\n    errors: {conflict: \"${{ error.‸ }}\"}\n" + tail, "message code", "inputs"},
		"run":                               {head + "  - id: x\n    set: {a: \"${{ run.‸\"}\n" + tail, "id again key", "inputs"},
		"config in a block text":            {head + "  - id: x\n    set:\n      a: |\n        one ${{ config.‸ }}\n        two\n" + tail, "place", "inputs"},
		"a step type":                       {head + "  - id: x\n    uses: ‸\n" + tail, "ship look skill:other", "inputs"},
		"a step type that is begun":         {head + "  - id: x\n    uses: sh‸\n" + tail, "ship look", ""},
		"a skill":                           {head + "  - id: x\n    uses: skill:‸\n" + tail, "skill:other", ""},
		"an argument":                       {head + "  - id: x\n    uses: ship\n    with:\n      ‸\n" + tail, "image mode force service", "uses"},
		"an argument that is begun":         {head + "  - id: x\n    uses: ship\n    with:\n      image: a\n      mo‸\n" + tail, "mode force", "image"},
		"an argument in a flow mapping":     {head + "  - id: x\n    uses: ship\n    with: {image: a, ‸}\n" + tail, "mode", "image"},
		"an argument in an open one":        {head + "  - id: x\n    uses: ship\n    with: {image: a, f‸\n" + tail, "mode force", "image"},
		"an input of a skill":               {head + "  - id: x\n    uses: skill:other\n    with:\n      ‸\n" + tail, "size", "image"},
		"an enum":                           {head + "  - id: x\n    uses: ship\n    with:\n      image: a\n      mode: ‸\n" + tail, "fast slow", "inputs"},
		"an enum in a flow mapping":         {head + "  - id: x\n    uses: ship\n    with: {image: a, mode: f‸}\n" + tail, "fast slow", "inputs"},
		"a boolean":                         {head + "  - id: x\n    uses: ship\n    with:\n      image: a\n      force: ‸\n" + tail, "true false", "inputs"},
		"a service":                         {head + "  - id: x\n    uses: ship\n    with:\n      image: a\n      service: ‸\n" + tail, "prod", "inputs"},
		"a key of a step":                   {head + "  - id: x\n    ‸\n" + tail, "uses set if for_each", "id inputs"},
		"a key of a step of a kind":         {head + "  - id: x\n    uses: ship\n    ‸\n" + tail, "with if retry", "set id"},
		"the first key of a step":           {head + "  - ‸\n" + tail, "id uses", "inputs"},
		"a first key that is begun":         {head + "  - i‸\n" + tail, "id uses", "inputs"},
		"a key at the top":                  {head + "ou‸\n", "outputs identity", "name uses"},
		"a key of a declaration":            {"name: mine\ninputs:\n  x:\n    ‸\nsteps: [{id: a, set: {a: 1}}]\n", "type required enum", "uses"},
		"a type":                            {"name: mine\ninputs:\n  x:\n    type: ‸\nsteps: [{id: a, set: {a: 1}}]\n", "string array", "uses"},
		"a code in a list":                  {head + "  - id: x\n    uses: look\n    with: {image: a}\n    retry: {on: [un‸]}\n" + tail, "unavailable", "uses"},
		"a word":                            {head + "  - id: x\n    uses: look\n    on_error: ‸\n" + tail, "stop continue", "uses"},
		"a flag":                            {head + "  - id: x\n    steps: [{id: y, set: {a: 1}}]\n    parallel: ‸\n" + tail, "true false", "uses"},
		"a key of retry":                    {head + "  - id: x\n    uses: look\n    retry:\n      ‸\n" + tail, "attempts before", "uses"},
		"identity":                          {"name: mine\ninputs: {a: {type: string, required: true}}\nidentity: [inputs.‸]\nsteps: [{id: a, set: {a: 1}}]\n", "a", "steps"},
		"after another line that is broken": {head + "  - id: x\n    set: {a: \"oh\n  - id: y\n    uses: ‸\n", "ship", "inputs"},
		"what a call gives":                 {head + "  - id: x\n    uses: skill:other\n    with: {size: 1}\n  - id: y\n    set: {a: \"${{ steps.x.‸ }}\"}\n", "total", "size"},
		"an element":                        {head + "  - id: x\n    set: {a: [{b: 1}]}\n  - id: y\n    set: {a: \"${{ steps.x.a[0].‸ }}\"}\n", "b", "size"},
		"nothing in a string":               {head + "  - id: x\n    if: inputs.mode == 'fa‸\n    set: {a: 1}\n" + tail, "", "len inputs"},
		"a name with CRLF":                  {strings.ReplaceAll(head+"  - id: x\n    set:\n      a: ${{ steps.first.‸ }}\n"+tail, "\n", "\r\n"), "url digest", "image"},
		"after an emoji":                    {head + "  - id: x\n    set: {a: \"🚀🚀 ${{ inputs.‸ }}\"}\n" + tail, "image mode", "first"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, at := cursor(t, tt.text)
			var labels []string
			for _, item := range index.Complete("mine.yaml", text, at, world()) {
				labels = append(labels, item.Label)
			}
			for _, want := range strings.Fields(tt.has) {
				if !slices.Contains(labels, want) {
					t.Errorf("%s is missing in %q", want, labels)
				}
			}
			for _, not := range strings.Fields(tt.hasNot) {
				if slices.Contains(labels, not) {
					t.Errorf("%s does not belong into %q", not, labels)
				}
			}
		})
	}
}
