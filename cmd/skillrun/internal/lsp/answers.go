package lsp

import (
	"context"
	"slices"
	"strings"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/index"
)

// at is the document that a request is about, and the place in it; nil where the
// server knows nothing of the file.
func (s *server) at(p protocol.TextDocumentPositionParams) (*document, diag.Pos) {
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return nil, diag.Pos{}
	}
	return d, d.lines.place(p.Position, s.units)
}

// Hover tells what is at a place.
func (s *server) Hover(_ context.Context, p *protocol.HoverParams) (*protocol.Hover, error) {
	d, at := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	info, ok := s.about(d).Hover(at)
	if !ok {
		return nil, nil
	}
	span := d.lines.span(info.At, s.units)
	return &protocol.Hover{Contents: markup(info), Range: &span}, nil
}

// markup writes what is told. The words of a file are shown as they are: they make no
// link and no picture that an editor would fetch.
func markup(i index.Info) *protocol.MarkupContent {
	parts := []string{}
	if i.Title != "" {
		parts = append(parts, fenced(i.Title))
	}
	if i.Doc != "" {
		parts = append(parts, literal(i.Doc))
	}
	if len(i.Facts) > 0 {
		facts := make([]string, len(i.Facts))
		for n, f := range i.Facts {
			facts[n] = "- " + literal(f)
		}
		parts = append(parts, strings.Join(facts, "\n"))
	}
	if i.Example != "" {
		parts = append(parts, fenced(i.Example))
	}
	return &protocol.MarkupContent{Kind: protocol.MarkupKindMarkdown, Value: strings.Join(parts, "\n\n")}
}

// fenced is a block of code that what is in it cannot end.
func fenced(code string) string {
	fence := "```"
	for strings.Contains(code, fence) {
		fence += "`"
	}
	return fence + "yaml\n" + code + "\n" + fence
}

// literal is text in which nothing is Markdown.
func literal(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strings.ContainsRune("\\`*_{}[]<>()#!|&~:", r) {
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// Completion offers what can be written at a place.
func (s *server) Completion(_ context.Context, p *protocol.CompletionParams) (protocol.CompletionResult, error) {
	d, at := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	w := s.world(d.path)
	if w.Table = s.site.Other(s.site.Engine(s.open), d.path, []byte(d.text)); w.Table == nil && !d.isSkill() {
		return nil, nil
	}
	list := &protocol.CompletionList{Items: []protocol.CompletionItem{}}
	for _, item := range index.Complete(d.path, d.text, at, w) {
		out := protocol.CompletionItem{
			Label: item.Label, Kind: itemKind(item.Kind), InsertTextFormat: protocol.InsertTextFormatPlainText,
			TextEdit: &protocol.TextEdit{Range: d.lines.span(item.At, s.units), NewText: item.Insert},
		}
		if item.Info.Title != "" {
			out.Detail.Set(item.Info.Title)
			item.Info.Title = ""
		}
		if item.Info.Doc != "" || item.Info.Example != "" || len(item.Info.Facts) > 0 {
			out.Documentation = markup(item.Info)
		}
		list.Items = append(list.Items, out)
	}
	return list, nil
}

func itemKind(k index.ItemKind) protocol.CompletionItemKind {
	switch k {
	case index.OfKey, index.OfArgument:
		return protocol.CompletionItemKindProperty
	case index.OfValue:
		return protocol.CompletionItemKindEnumMember
	case index.OfStep, index.OfSkill:
		return protocol.CompletionItemKindModule
	case index.OfFunction:
		return protocol.CompletionItemKindFunction
	case index.OfMember:
		return protocol.CompletionItemKindField
	case index.OfService:
		return protocol.CompletionItemKindReference
	}
	return protocol.CompletionItemKindVariable
}

// Definition is where a name is declared.
func (s *server) Definition(_ context.Context, p *protocol.DefinitionParams) (protocol.DefinitionResult, error) {
	d, at := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	o, ok := s.about(d).NameAt(at)
	if !ok {
		return nil, nil
	}
	out := protocol.LocationSlice{}
	for path, x := range s.those(d, o.Name, true) {
		for _, decl := range x.Of(o.Name) {
			if decl.Decl {
				out = append(out, protocol.Location{URI: uriOf(path), Range: s.linesOf(path).span(decl.At, s.units)})
			}
		}
	}
	return out, nil
}

// those are the indexes of the files in which a name stands, by their paths: the one
// that declares it, and without only those that may read it.
func (s *server) those(d *document, name index.Name, only bool) map[string]*index.Index {
	out := map[string]*index.Index{}
	add := func(path string) {
		if out[path] != nil || path == "" {
			return
		}
		if open := s.docs[path]; open != nil {
			out[path] = s.about(open)
		} else if text, err := s.site.Read(path); err == nil {
			w := s.world(path)
			w.Table = s.site.Other(s.site.Engine(s.open), path, text)
			out[path] = index.Build(path, text, 0, w)
		}
	}
	home := s.abs(name.File)
	add(home)
	if !only {
		add(strings.TrimSuffix(home, ".yaml") + "_test.yaml")
	}
	if only || !slices.Contains([]index.Sort{index.Input, index.Output, index.File}, name.Sort) {
		return out
	}
	add(d.path)
	for _, path := range s.site.Files(home) {
		if s.mentions(path, stem(home)) {
			add(path)
		}
	}
	return out
}

// mentions reports whether a file may use another one.
func (s *server) mentions(path, name string) bool {
	text, open := s.open(path)
	if !open {
		text, _ = s.site.Read(path) // one that cannot be read mentions nothing
	}
	return strings.Contains(string(text), name)
}

func stem(path string) string {
	name := path[strings.LastIndexByte(path, '/')+1:]
	name, _, _ = strings.Cut(name, ".")
	return name
}

// References are all places of a name.
func (s *server) References(_ context.Context, p *protocol.ReferenceParams) ([]protocol.Location, error) {
	out := []protocol.Location{}
	d, at := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return out, nil
	}
	o, ok := s.about(d).NameAt(at)
	if !ok {
		return out, nil
	}
	for path, x := range s.those(d, o.Name, false) {
		for _, found := range x.Of(o.Name) {
			if !found.Decl || p.Context.IncludeDeclaration {
				out = append(out, protocol.Location{URI: uriOf(path), Range: s.linesOf(path).span(found.At, s.units)})
			}
		}
	}
	slices.SortFunc(out, func(a, b protocol.Location) int {
		if a.URI != b.URI {
			return strings.Compare(string(a.URI), string(b.URI))
		}
		return int(a.Range.Start.Line) - int(b.Range.Start.Line)
	})
	return out, nil
}

// PrepareRename says whether what is at a place has a name of its own.
func (s *server) PrepareRename(_ context.Context, p *protocol.PrepareRenameParams) (protocol.PrepareRenameResult, error) {
	d, at := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	o, ok := s.about(d).NameAt(at)
	if !ok {
		return nil, nil
	}
	if err := s.about(d).Rename(o.Name, "a_name_that_nothing_has"); err != nil {
		return nil, refused(err)
	}
	span := d.lines.span(o.At, s.units)
	return &span, nil
}

// Rename gives another name to a step, an input, an output or a value of a set, wherever it stands.
func (s *server) Rename(_ context.Context, p *protocol.RenameParams) (*protocol.WorkspaceEdit, error) {
	d, at := s.at(p.TextDocumentPositionParams)
	if d == nil {
		return nil, nil
	}
	o, ok := s.about(d).NameAt(at)
	if !ok {
		return nil, nil
	}
	edit := &protocol.WorkspaceEdit{Changes: map[uri.URI][]protocol.TextEdit{}}
	for path, x := range s.those(d, o.Name, false) {
		if err := x.Rename(o.Name, p.NewName); err != nil {
			return nil, refused(err)
		}
		for _, found := range x.Of(o.Name) {
			u := uriOf(path)
			edit.Changes[u] = append(edit.Changes[u], protocol.TextEdit{Range: s.linesOf(path).span(found.At, s.units), NewText: strings.Clone(p.NewName)})
		}
	}
	return edit, nil
}
