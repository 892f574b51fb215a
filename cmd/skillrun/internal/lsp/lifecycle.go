package lsp

import (
	"context"
	"slices"
	"strings"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"

	"github.com/skillrun/skillrun/engine/lang/index"
)

// Initialize agrees with the editor on how columns are counted, and says what the
// server can do.
func (s *server) Initialize(_ context.Context, p *protocol.InitializeParams) (*protocol.InitializeResult, error) {
	if folders, ok := p.WorkspaceFolders.Get(); ok && len(folders) > 0 {
		s.folder = strings.Clone(pathOf(folders[0].URI))
	}
	s.site = s.options.Open(s.folder)
	s.units = protocol.PositionEncodingKindUTF16
	if g := p.Capabilities.General; g != nil && slices.Contains(g.PositionEncodings, protocol.PositionEncodingKindUTF32) {
		s.units = protocol.PositionEncodingKindUTF32
	}
	result := &protocol.InitializeResult{Capabilities: s.capabilities()}
	result.ServerInfo.Name = "skillrun"
	result.ServerInfo.Version.Set(s.options.Version)
	return result, nil
}

func (s *server) capabilities() protocol.ServerCapabilities {
	yes, incremental := true, protocol.TextDocumentSyncKindIncremental
	return protocol.ServerCapabilities{
		PositionEncoding:           s.units,
		TextDocumentSync:           &protocol.TextDocumentSyncOptions{OpenClose: &yes, Change: &incremental, Save: protocol.Boolean(true)},
		CompletionProvider:         &protocol.CompletionOptions{TriggerCharacters: []string{".", ":", " ", "{"}},
		HoverProvider:              protocol.Boolean(true),
		DefinitionProvider:         protocol.Boolean(true),
		ReferencesProvider:         protocol.Boolean(true),
		DocumentSymbolProvider:     protocol.Boolean(true),
		RenameProvider:             &protocol.RenameOptions{PrepareProvider: &yes},
		CodeActionProvider:         &protocol.CodeActionOptions{CodeActionKinds: []protocol.CodeActionKind{protocol.CodeActionKindQuickFix}},
		DocumentFormattingProvider: protocol.Boolean(true),
		InlayHintProvider:          protocol.Boolean(true),
		SemanticTokensProvider: &protocol.SemanticTokensOptions{
			Legend: protocol.SemanticTokensLegend{TokenTypes: tokenTypes(), TokenModifiers: []string{}}, Full: protocol.Boolean(true),
		},
	}
}

func tokenTypes() []string {
	var out []string
	for _, k := range index.TokenKinds() {
		out = append(out, string(k))
	}
	return out
}

// Initialized is heard and needs nothing.
func (s *server) Initialized(context.Context, *protocol.InitializedParams) error { return nil }

// SetTrace is heard and changes nothing.
func (s *server) SetTrace(context.Context, *protocol.SetTraceParams) error { return nil }

// DidChangeConfiguration is heard: the server has no settings.
func (s *server) DidChangeConfiguration(context.Context, *protocol.DidChangeConfigurationParams) error {
	return nil
}

// Shutdown is the first half of a goodbye.
func (s *server) Shutdown(context.Context) error {
	s.asked = true
	return nil
}

// Exit is the second half.
func (s *server) Exit(context.Context) error {
	select {
	case <-s.left:
	default:
		close(s.left)
	}
	return nil
}

// Request answers what the protocol does not know.
func (s *server) Request(_ context.Context, method string, _ any) (any, error) {
	if strings.HasPrefix(method, "$/") {
		return nil, nil
	}
	return nil, jsonrpc2.ErrMethodNotFound
}
