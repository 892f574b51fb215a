package lsp_test

import (
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"go.lsp.dev/protocol"
)

// typed are what the edits of the test put into a text.
var typed = []string{
	"", "a", " ", "\n", "\r\n", "\n  - ", "\n    uses: ", ": ", "{", "}", "[", "]", "\"", "'", "${{ ", " }}", "%{{ for x in ", "steps.", "inputs.", "🚀", "\u0000", "\ufeff", "\t", "#",
	"- id: x\n", "&a ", "*a", "!!x ", "|\n", ">-\n", "? ", "---\n", "<<: ", "skill:other", "skill:mine", strings.Repeat("[", 80), strings.Repeat("x", 3000),
}

// TestEdits types at random, and asks everything at random places: the server answers,
// and ends up as it began.
func TestEdits(t *testing.T) {
	t.Parallel()
	n := 600
	if os.Getenv("SKILLRUN_SWEEP") == "full" {
		n = 10_000
	}
	e := connect(t, files{"other.yaml": other})
	e.open("mine.yaml", good)
	r := rand.New(rand.NewPCG(1, 2))
	version, lines := int32(1), uint32(strings.Count(good, "\n"))
	var half uint64
	for i := range n {
		version++
		if i%25 == 24 {
			e.replace("mine.yaml", []string{good, caller, other, ""}[r.IntN(4)], version)
		} else {
			p := &protocol.DidChangeTextDocumentParams{}
			p.TextDocument.URI, p.TextDocument.Version = at("mine.yaml"), version
			from := protocol.Position{Line: r.Uint32N(lines + 2), Character: r.Uint32N(70)}
			to := protocol.Position{Line: from.Line + r.Uint32N(2), Character: from.Character + r.Uint32N(8)}
			p.ContentChanges = []protocol.TextDocumentContentChangeEvent{
				&protocol.TextDocumentContentChangePartial{Range: protocol.Range{Start: from, End: to}, Text: typed[r.IntN(len(typed))]},
			}
			e.do(e.DidChange(t.Context(), p))
		}
		e.askAnything(r, here("mine.yaml", protocol.Position{Line: r.Uint32N(lines + 2), Character: r.Uint32N(70)}))
		if i == n/2 {
			half = heap()
		}
	}
	if whole := heap(); whole > half+32<<20 {
		t.Errorf("after %d edits the heap has %d MB, after half of them it had %d", n, whole>>20, half>>20)
	}
	e.replace("mine.yaml", good, version+1)
	if found := e.diagnostics("mine.yaml", version+1); len(found) != 0 {
		t.Errorf("in the end the good skill has %v", found)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// askAnything asks one thing; only a rename may be refused.
func (e *editor) askAnything(r *rand.Rand, p protocol.TextDocumentPositionParams) {
	e.t.Helper()
	ctx := e.t.Context()
	var err error
	switch r.IntN(11) {
	case 0:
		_, err = e.Hover(ctx, &protocol.HoverParams{TextDocumentPositionParams: p})
	case 1:
		_, err = e.Definition(ctx, &protocol.DefinitionParams{TextDocumentPositionParams: p})
	case 2:
		_, err = e.References(ctx, &protocol.ReferenceParams{TextDocumentPositionParams: p})
	case 3:
		_, _ = e.Rename(ctx, &protocol.RenameParams{TextDocumentPositionParams: p, NewName: "another"})
	case 4:
		_, err = e.DocumentSymbol(ctx, &protocol.DocumentSymbolParams{TextDocument: p.TextDocument})
	case 5:
		_, err = e.SemanticTokensFull(ctx, &protocol.SemanticTokensParams{TextDocument: p.TextDocument})
	case 6:
		_, err = e.InlayHint(ctx, &protocol.InlayHintParams{TextDocument: p.TextDocument, Range: protocol.Range{End: protocol.Position{Line: 99}}})
	case 7:
		_, err = e.CodeAction(ctx, &protocol.CodeActionParams{TextDocument: p.TextDocument, Range: protocol.Range{End: protocol.Position{Line: 99}}})
	case 8:
		_, err = e.Formatting(ctx, &protocol.DocumentFormattingParams{TextDocument: p.TextDocument})
	default:
		_, err = e.Completion(ctx, &protocol.CompletionParams{TextDocumentPositionParams: p})
	}
	if err != nil {
		e.t.Errorf("at %v: %v", p.Position, err)
	}
}
