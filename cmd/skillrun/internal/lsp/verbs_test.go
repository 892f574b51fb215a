package lsp_test

import (
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

func here(name string, p protocol.Position) protocol.TextDocumentPositionParams {
	return protocol.TextDocumentPositionParams{TextDocument: protocol.TextDocumentIdentifier{URI: at(name)}, Position: p}
}

func TestHover(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, has string }{
		"an input":      {strings.Replace(good, "inputs.image", "inputs.im‸age", 1), "inputs.image: string|The image"},
		"a result":      {strings.Replace(good, "steps.first.url", "steps.first.u‸rl", 1), "steps.first.url: string|Where it runs"},
		"a step":        {strings.Replace(good, "steps.first.url", "steps.fi‸rst.url", 1), "steps.first: {url: string}"},
		"a step type":   {strings.Replace(good, "uses: ship", "uses: sh‸ip", 1), "Ship an image|effect\\: write|image:"},
		"an argument":   {strings.Replace(good, "{image: \"${{ s", "{im‸age: \"${{ s", 1), "image: string|The image to ship|required"},
		"a key":         {strings.Replace(good, "outputs:", "out‸puts:", 1), "What the skill gives"},
		"a function":    {strings.Replace(good, "${{ steps.first.url }}", "${{ up‸per(steps.first.url) }}", 1), "upper(|in upper case"},
		"a broken file": {strings.Replace(good, "inputs.image", "inputs.im‸age", 1) + "  x: \"\n", "inputs.image: string"},
		"no link":       {strings.Replace(good, "uses: look", "uses: lo‸ok", 1), "Look at \\[it\\]\\(http\\://evil\\)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := connect(t, files{})
			text, pos := cursor(t, tt.text)
			e.open("mine.yaml", text)
			h, err := e.Hover(t.Context(), &protocol.HoverParams{TextDocumentPositionParams: here("mine.yaml", pos)})
			if err != nil || h == nil {
				t.Fatal(h, err)
			}
			told := h.Contents.(*protocol.MarkupContent).Value
			for want := range strings.SplitSeq(tt.has, "|") {
				if !strings.Contains(told, want) {
					t.Errorf("%q is missing in\n%s", want, told)
				}
			}
		})
	}
}
