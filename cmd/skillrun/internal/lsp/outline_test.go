package lsp_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"go.lsp.dev/protocol"
)

func document(name string) protocol.TextDocumentIdentifier {
	return protocol.TextDocumentIdentifier{URI: at(name)}
}

func TestSymbols(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	e.open("mine.yaml", "name: mine\ninputs: {a: {type: string}}\nsteps:\n  - id: all\n    steps:\n      - {id: one, uses: look, with: {image: b}}\n    rescue: [{id: two, set: {a: 1}}]\n")
	found, err := e.DocumentSymbol(t.Context(), &protocol.DocumentSymbolParams{TextDocument: document("mine.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var walk func(list []protocol.DocumentSymbol, depth int)
	walk = func(list []protocol.DocumentSymbol, depth int) {
		for _, s := range list {
			names = append(names, strings.Repeat(">", depth)+s.Name)
			walk(s.Children, depth+1)
		}
	}
	walk(found.(protocol.DocumentSymbolSlice), 0)
	if got := strings.Join(names, " "); got != "name inputs >a steps >all >>one >>two" {
		t.Errorf("the outline is %s", got)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	text := "name: mine\ninputs: {a: {type: string, required: true}}\nsteps:\n  - id: one\n    if: inputs.a != 'x'\n    set:\n      b: \"🚀 ${{ upper(inputs.a) }} no\"\n"
	e.open("mine.yaml", text)
	tokens, err := e.SemanticTokensFull(t.Context(), &protocol.SemanticTokensParams{TextDocument: document("mine.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	legend := []string{"keyword", "variable", "property", "function", "string", "number", "operator"}
	lines := strings.Split(text, "\n")
	var got []string
	var line, from uint32
	for i := 0; i+4 < len(tokens.Data); i += 5 {
		d := tokens.Data[i:]
		if line += d[0]; d[0] > 0 {
			from = 0
		}
		from += d[1]
		word := utf16.Decode(utf16.Encode([]rune(lines[line]))[from : from+d[2]])
		got = append(got, legend[d[3]]+":"+string(word))
	}
	if want := "variable:inputs property:a operator:!= string:'x' function:upper variable:inputs property:a"; strings.Join(got, " ") != want {
		t.Errorf("the words are %v", got)
	}
}

func TestFixes(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	broken := strings.Replace(good, "uses: ship", "uses: shipp", 1)
	e.open("mine.yaml", broken)
	found := e.diagnostics("mine.yaml", 1)
	if len(found) == 0 {
		t.Fatal("nothing is wrong")
	}
	actions, err := e.CodeAction(t.Context(), &protocol.CodeActionParams{TextDocument: document("mine.yaml"), Range: found[0].Range})
	if err != nil || len(actions) != 1 {
		t.Fatal(actions, err)
	}
	fix := actions[0].(*protocol.CodeAction)
	if got := edited(broken, fix.Edit.Changes[at("mine.yaml")]); got != good || fix.Title != "did you mean ship?" {
		t.Errorf("%s makes\n%s", fix.Title, got)
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	e.open("mine.yaml", good)
	hints, err := e.InlayHint(t.Context(), &protocol.InlayHintParams{TextDocument: document("mine.yaml"), Range: protocol.Range{End: protocol.Position{Line: 100}}})
	if err != nil || len(hints) != 3 || hints[2].Label != protocol.String(": string") || hints[0].Position != (protocol.Position{Line: 3, Character: 14}) {
		t.Errorf("the hints are %v, %v", hints, err)
	}
}

func TestFormatting(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	e.open("mine.yaml", "name:   mine\nsteps:\n- {id: a,   set: {b: 1}}\n")
	edits, err := e.Formatting(t.Context(), &protocol.DocumentFormattingParams{TextDocument: document("mine.yaml")})
	if err != nil || len(edits) != 1 || !strings.HasPrefix(edits[0].NewText, "name: mine\n") || edits[0].Range.End != (protocol.Position{Line: 3}) {
		t.Fatal(edits, err)
	}
	e.open("mine.yaml", edits[0].NewText)
	if edits, err = e.Formatting(t.Context(), &protocol.DocumentFormattingParams{TextDocument: document("mine.yaml")}); err != nil || len(edits) != 0 {
		t.Errorf("the canonical form is changed: %v, %v", edits, err)
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	text, pos := cursor(t, strings.Replace(good, "🚀 ${{ inputs.image }}\"}}", "🚀 ${{ inputs.im‸", 1))
	e.open("mine.yaml", text)
	found, err := e.Completion(t.Context(), &protocol.CompletionParams{TextDocumentPositionParams: here("mine.yaml", pos)})
	if err != nil {
		t.Fatal(err)
	}
	items := found.(*protocol.CompletionList).Items
	if len(items) != 1 || items[0].Label != "image" {
		t.Fatalf("offered are %v", items)
	}
	edit := items[0].TextEdit.(*protocol.TextEdit)
	if got := edited(text, []protocol.TextEdit{*edit}); !strings.Contains(got, "🚀 ${{ inputs.image\n") {
		t.Errorf("taken, it makes\n%s", got)
	}
}
