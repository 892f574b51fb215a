package lsp

import (
	"context"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/index"
)

// refused is an error that an editor shows.
func refused(err error) error { return jsonrpc2.NewError(-32803, err.Error()) } // RequestFailed

// DocumentSymbol is the outline of a file.
func (s *server) DocumentSymbol(_ context.Context, p *protocol.DocumentSymbolParams) (protocol.DocumentSymbolResult, error) {
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return nil, nil
	}
	return protocol.DocumentSymbolSlice(s.symbols(d, s.about(d).Symbols())), nil
}

func (s *server) symbols(d *document, in []index.Symbol) []protocol.DocumentSymbol {
	out := make([]protocol.DocumentSymbol, 0, len(in))
	for _, one := range in {
		name := one.Name
		if name == "" {
			name = "?"
		}
		out = append(out, protocol.DocumentSymbol{
			Name: name, Detail: &one.Detail, Kind: symbolKind(one.Sort),
			Range: d.lines.span(one.At, s.units), SelectionRange: d.lines.span(one.Head, s.units), Children: s.symbols(d, one.Inside),
		})
	}
	return out
}

func symbolKind(sort index.Sort) protocol.SymbolKind {
	switch sort {
	case index.Step:
		return protocol.SymbolKindMethod
	case index.Input, index.Config, index.Secret:
		return protocol.SymbolKindVariable
	case index.Output:
		return protocol.SymbolKindField
	}
	return protocol.SymbolKindKey
}

// SemanticTokensFull are the words of the expressions of a file.
func (s *server) SemanticTokensFull(_ context.Context, p *protocol.SemanticTokensParams) (*protocol.SemanticTokens, error) {
	out := &protocol.SemanticTokens{Data: []uint32{}}
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return out, nil
	}
	kinds := map[index.TokenKind]uint32{}
	for i, k := range index.TokenKinds() {
		kinds[k] = uint32(i)
	}
	var line, from uint32
	for _, t := range s.about(d).Tokens() {
		at := d.lines.span(t.At, s.units)
		if at.Start.Line != line {
			from = 0
		}
		out.Data = append(out.Data, at.Start.Line-line, at.Start.Character-from, at.End.Character-at.Start.Character, kinds[t.Kind], 0)
		line, from = at.Start.Line, at.Start.Character
	}
	return out, nil
}

// InlayHint shows the types of what steps give.
func (s *server) InlayHint(_ context.Context, p *protocol.InlayHintParams) ([]protocol.InlayHint, error) {
	out := []protocol.InlayHint{}
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return out, nil
	}
	for _, h := range s.about(d).Hints() {
		at := d.lines.position(h.At, s.units)
		if at.Line >= p.Range.Start.Line && at.Line <= p.Range.End.Line {
			out = append(out, protocol.InlayHint{Position: at, Label: protocol.String(h.Text), Kind: protocol.InlayHintKindType})
		}
	}
	return out, nil
}

// CodeAction offers the fixes of the diagnostics in a range.
func (s *server) CodeAction(_ context.Context, p *protocol.CodeActionParams) ([]protocol.CommandOrCodeAction, error) {
	out := []protocol.CommandOrCodeAction{}
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return out, nil
	}
	for _, one := range s.about(d).Diags {
		at := d.lines.span(one.At, s.units)
		if s.abs(one.At.File) != d.path || len(one.Fix) == 0 || !touches(at, p.Range) {
			continue
		}
		edit := &protocol.WorkspaceEdit{Changes: map[uri.URI][]protocol.TextEdit{}}
		for _, e := range one.Fix {
			edit.Changes[d.uri] = append(edit.Changes[d.uri], protocol.TextEdit{Range: d.lines.span(e.At, s.units), NewText: e.Text})
		}
		kind, preferred := protocol.CodeActionKindQuickFix, true
		out = append(out, &protocol.CodeAction{
			Title: title(one), Kind: &kind, IsPreferred: &preferred, Edit: edit,
			Diagnostics: []protocol.Diagnostic{s.diagnostic(one, d.lines)},
		})
	}
	return out, nil
}

func title(d diag.Diagnostic) string {
	if d.Hint == "" {
		return "fix: " + d.Message
	}
	return d.Hint
}

func touches(a, b protocol.Range) bool { return !after(a.Start, b.End) && !after(b.Start, a.End) }

func after(a, b protocol.Position) bool {
	return a.Line > b.Line || a.Line == b.Line && a.Character > b.Character
}

// Formatting writes a file in its canonical form. One that cannot be read stays as it is.
func (s *server) Formatting(_ context.Context, p *protocol.DocumentFormattingParams) ([]protocol.TextEdit, error) {
	out := []protocol.TextEdit{}
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return out, nil
	}
	text, diags := engine.Format(d.path, []byte(d.text))
	if diags.HasErrors() || string(text) == d.text {
		return out, nil
	}
	last := len(d.lines) - 1
	end := d.lines.position(diag.Pos{Line: last + 1, Col: len(d.lines[last]) + 1}, s.units)
	return append(out, protocol.TextEdit{Range: protocol.Range{End: end}, NewText: string(text)}), nil
}
