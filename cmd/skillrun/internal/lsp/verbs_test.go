package lsp_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

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

const other = `name: other
inputs:
  size: {type: integer, required: true}
steps: [{id: one, set: {a: "${{ inputs.size }}"}}]
outputs: {total: "${{ steps.one.a }}"}
`

const caller = `name: mine
inputs: {size: {type: integer, required: true}}
steps:
  - {id: call, uses: skill:other, with: {size: "${{ inputs.size }}"}}
  - {id: last, if: has(steps.call), set: {b: "🚀 ${{ steps.call.total }}"}}
`

// TestDefinition goes from each name to where it is declared.
func TestDefinition(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ at, file, line string }{
		"an input":             {"inputs.si‸ze }}", "mine.yaml", "inputs: {size"},
		"a step":               {"steps.ca‸ll.total", "mine.yaml", "  - {id: call"},
		"a step, bare":         {"has(steps.ca‸ll)", "mine.yaml", "  - {id: call"},
		"an output":            {"steps.call.to‸tal", "other.yaml", "outputs: {total"},
		"an input of a callee": {"with: {si‸ze", "other.yaml", "  size:"},
		"a skill":              {"skill:ot‸her", "other.yaml", "name: other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := connect(t, files{"other.yaml": other})
			text, pos := cursor(t, strings.Replace(caller, strings.Replace(tt.at, "‸", "", 1), tt.at, 1))
			e.open("mine.yaml", text)
			found, err := e.Definition(t.Context(), &protocol.DefinitionParams{TextDocumentPositionParams: here("mine.yaml", pos)})
			if err != nil {
				t.Fatal(err)
			}
			list, _ := found.(protocol.LocationSlice)
			if one, ok := found.(*protocol.Location); ok {
				list = protocol.LocationSlice{*one}
			}
			if len(list) != 1 || list[0].URI != at(tt.file) {
				t.Fatalf("found %v", found)
			}
			lines := strings.Split(map[string]string{"mine.yaml": text, "other.yaml": other}[tt.file], "\n")
			if got := lines[list[0].Range.Start.Line]; !strings.HasPrefix(got, tt.line) {
				t.Errorf("it leads to %q", got)
			}
		})
	}
}

// edited is a text with the edits of a rename, or of a fix.
func edited(text string, edits []protocol.TextEdit) string {
	lines := strings.Split(text, "\n")
	slices.SortFunc(edits, func(a, b protocol.TextEdit) int { return int(b.Range.Start.Character) - int(a.Range.Start.Character) })
	for _, e := range edits {
		line := utf16.Encode([]rune(lines[e.Range.Start.Line]))
		lines[e.Range.Start.Line] = string(utf16.Decode(line[:e.Range.Start.Character])) + e.NewText + string(utf16.Decode(line[e.Range.End.Character:]))
	}
	return strings.Join(lines, "\n")
}

func TestRename(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ at, to, mine, other string }{
		"a step":               {"steps.ca‸ll.total", "made", strings.NewReplacer("id: call", "id: made", "steps.call", "steps.made").Replace(caller), other},
		"a step at its id":     {"id: ca‸ll", "made", strings.NewReplacer("id: call", "id: made", "steps.call", "steps.made").Replace(caller), other},
		"an input":             {"inputs.si‸ze }}", "width", strings.NewReplacer("inputs: {size", "inputs: {width", "inputs.size", "inputs.width").Replace(caller), other},
		"an output of another": {"steps.call.to‸tal", "sum", strings.Replace(caller, "call.total", "call.sum", 1), strings.Replace(other, "{total", "{sum", 1)},
		"an input of another":  {"with: {si‸ze", "width", strings.Replace(caller, "with: {size", "with: {width", 1), strings.NewReplacer("  size:", "  width:", "inputs.size", "inputs.width").Replace(other)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := connect(t, files{"other.yaml": other, "mine.yaml": caller})
			text, pos := cursor(t, strings.Replace(caller, strings.Replace(tt.at, "‸", "", 1), tt.at, 1))
			e.open("mine.yaml", text)
			edit, err := e.Rename(t.Context(), &protocol.RenameParams{TextDocumentPositionParams: here("mine.yaml", pos), NewName: tt.to})
			if err != nil {
				t.Fatal(err)
			}
			if got := edited(text, edit.Changes[at("mine.yaml")]); got != tt.mine {
				t.Errorf("mine is\n%s", got)
			}
			if got := edited(other, edit.Changes[at("other.yaml")]); got != tt.other {
				t.Errorf("other is\n%s", got)
			}
		})
	}
	e := connect(t, files{})
	text, pos := cursor(t, strings.Replace(caller, "id: call", "id: ca‸ll", 1))
	e.open("mine.yaml", text)
	for _, bad := range []string{"last", "No", "", "a b", "x.y"} {
		if _, err := e.Rename(t.Context(), &protocol.RenameParams{TextDocumentPositionParams: here("mine.yaml", pos), NewName: bad}); err == nil {
			t.Errorf("it can be called %q", bad)
		}
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	e := connect(t, files{"mine.yaml": caller, "other.yaml": other})
	text, pos := cursor(t, strings.Replace(other, "  size", "  si‸ze", 1))
	e.open("other.yaml", text)
	p := &protocol.ReferenceParams{TextDocumentPositionParams: here("other.yaml", pos), Context: protocol.ReferenceContext{IncludeDeclaration: true}}
	found, err := e.References(t.Context(), p)
	if err != nil || len(found) != 3 || found[0].URI != at("mine.yaml") || found[2].URI != at("other.yaml") {
		t.Errorf("found %v, %v", found, err)
	}
}

const tests = `cases:
  - name: all
    inputs: {size: 3}
    answers: {call: {returns: {total: 6}}}
    expect: {steps: {"call/one[x]": returned, last: returned}}
`

// TestOfTests holds that tests know the names of what they are about.
func TestOfTests(t *testing.T) {
	t.Parallel()
	all := files{"other.yaml": other, "mine.yaml": caller, "mine_test.yaml": tests}
	e := connect(t, all)
	text, pos := cursor(t, strings.Replace(caller, "id: call", "id: ca‸ll", 1))
	e.open("mine.yaml", text)
	edit, err := e.Rename(t.Context(), &protocol.RenameParams{TextDocumentPositionParams: here("mine.yaml", pos), NewName: "made"})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer("{call:", "{made:", `"call/one`, `"made/one`).Replace(tests)
	if got := edited(tests, edit.Changes[at("mine_test.yaml")]); got != want {
		t.Errorf("the tests are\n%s", got)
	}
	for text, want := range map[string]string{
		"cases:\n  - name: all\n    inputs: {‸}\n":                 "size",
		"cases:\n  - name: all\n    answers:\n      ‸\n":           "call",
		"cases:\n  - name: all\n    ex‸\n":                         "expect",
		"cases:\n  - name: all\n    expect: {state: ‸}\n":          "parked",
		"cases:\n  - name: all\n    expect:\n      steps: {la‸}\n": "last",
	} {
		text, pos := cursor(t, text)
		e.open("mine_test.yaml", text)
		found, err := e.Completion(t.Context(), &protocol.CompletionParams{TextDocumentPositionParams: here("mine_test.yaml", pos)})
		if err != nil || found == nil || !slices.ContainsFunc(found.(*protocol.CompletionList).Items, func(i protocol.CompletionItem) bool { return i.Label == want }) {
			t.Errorf("in %s there is no %s: %v, %v", text, want, found, err)
		}
	}
}
