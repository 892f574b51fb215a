package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/skillrun/skillrun/engine/diag"
	"github.com/skillrun/skillrun/engine/lang/index"
)

// document is a file that the editor has open.
type document struct {
	uri      uri.URI
	path     string
	language string
	version  int32
	text     string
	lines    lines
	index    *index.Index // of text; nil when nobody asked yet
	near     int          // the line that was edited last
	wait     *time.Timer
	told     []uri.URI // other files whose diagnostics were sent for this one
}

func (d *document) set(text string, version int32) {
	d.text, d.version = strings.Clone(text), version
	d.lines, d.index = linesOf(d.text), nil
}

func (d *document) forget() {
	if d.wait != nil {
		d.wait.Stop()
	}
}

// DidOpen begins to know a file.
func (s *server) DidOpen(_ context.Context, p *protocol.DidOpenTextDocumentParams) error {
	path := pathOf(p.TextDocument.URI)
	if path == "" {
		return nil
	}
	d := &document{uri: uri.URI(strings.Clone(string(p.TextDocument.URI))), path: path, language: strings.Clone(string(p.TextDocument.LanguageID))}
	if old := s.docs[path]; old != nil {
		old.forget()
	}
	d.set(p.TextDocument.Text, p.TextDocument.Version)
	s.docs[path] = d
	s.changed(d)
	return nil
}

// DidChange changes the text of a file. A change of an older version is passed over.
func (s *server) DidChange(_ context.Context, p *protocol.DidChangeTextDocumentParams) error {
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil || p.TextDocument.Version < d.version {
		return nil
	}
	text := d.text
	for _, change := range p.ContentChanges {
		switch c := change.(type) {
		case *protocol.TextDocumentContentChangeWholeDocument:
			text = c.Text
		case *protocol.TextDocumentContentChangePartial:
			d.near = int(c.Range.Start.Line) + 1 + strings.Count(c.Text, "\n")
			from, to := byteAt(text, c.Range.Start, s.units), byteAt(text, c.Range.End, s.units)
			text = text[:from] + c.Text + text[max(from, to):]
		}
	}
	d.set(text, p.TextDocument.Version)
	s.changed(d)
	return nil
}

// DidSave looks again at what may have changed on the disk.
func (s *server) DidSave(context.Context, *protocol.DidSaveTextDocumentParams) error {
	s.stale()
	return nil
}

// DidChangeWatchedFiles does so too.
func (s *server) DidChangeWatchedFiles(context.Context, *protocol.DidChangeWatchedFilesParams) error {
	s.stale()
	return nil
}

func (s *server) stale() {
	for _, d := range s.docs {
		d.index = nil
		s.later(d)
	}
}

// DidClose forgets a file.
func (s *server) DidClose(ctx context.Context, p *protocol.DidCloseTextDocumentParams) error {
	d := s.docs[pathOf(p.TextDocument.URI)]
	if d == nil {
		return nil
	}
	d.forget()
	delete(s.docs, d.path)
	for _, u := range append(d.told, d.uri) {
		s.publish(ctx, &protocol.PublishDiagnosticsParams{URI: u, Diagnostics: []protocol.Diagnostic{}})
	}
	return nil
}

// changed looks at a document after a moment, and at those that call it.
func (s *server) changed(d *document) {
	s.later(d)
	for _, other := range s.docs {
		if other != d && other.index != nil && slices.ContainsFunc(other.index.Called(), func(file string) bool { return s.abs(file) == d.path }) {
			other.index = nil
			s.later(other)
		}
	}
}

// later sends the diagnostics of a document when it has not changed for a moment.
func (s *server) later(d *document) {
	d.forget()
	version := d.version
	d.wait = time.AfterFunc(s.options.Wait, func() {
		defer func() {
			if r := recover(); r != nil {
				fmt.Fprintf(s.options.Log, "the check of %s: %v\n%s\n", d.path, r, debug.Stack())
			}
		}()
		var x *index.Index
		// What an editor asks meanwhile is answered first, and may make this moot.
		if s.still(d, version, func() { x = s.about(d) }) {
			found := x.Explain()
			s.still(d, version, func() { s.tell(context.Background(), d, found) })
		}
	})
}

// still does something about a version of a document, unless there is another one.
func (s *server) still(d *document, version int32, do func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.docs[d.path] != d || d.version != version {
		return false // it is about a text that is no more
	}
	do()
	return true
}

// abs is the path of a file as a diagnostic names it, "" of one that is built in.
func (s *server) abs(file string) string {
	switch {
	case filepath.IsAbs(file):
		return filepath.Clean(file)
	case strings.HasPrefix(file, "builtin/") || s.folder == "":
		return ""
	}
	return filepath.Join(s.folder, file)
}

// open is the text of a file that the editor has open.
func (s *server) open(path string) ([]byte, bool) {
	d := s.docs[filepath.Clean(path)]
	if d == nil {
		return nil, false
	}
	return []byte(d.text), true
}

// world is what documents are indexed with.
func (s *server) world(path string) index.World {
	return s.site.Engine(s.open).Editing(s.site.Names(path))
}

// about is the index of a document; it is empty of one that is none of the files that
// the server knows.
func (s *server) about(d *document) *index.Index {
	if d.index != nil {
		return d.index
	}
	w := s.world(d.path)
	if w.Table = s.site.Other(s.site.Engine(s.open), d.path, []byte(d.text)); w.Table != nil || d.isSkill() {
		d.index = index.Build(d.path, []byte(d.text), d.near, w)
	} else {
		d.index = &index.Index{File: d.path}
	}
	return d.index
}

// isSkill reports whether a file is meant to be a skill or a step type: other YAML is
// none of the server's business.
func (d *document) isSkill() bool {
	if d.language == "skillrun" || slices.Contains([]string{"skills", "steps"}, filepath.Base(filepath.Dir(d.path))) {
		return true
	}
	return slices.ContainsFunc(d.lines, func(line string) bool { return strings.HasPrefix(line, "steps:") })
}

// most bounds how many diagnostics of a file are sent.
const most = 500

// tell sends the diagnostics of a document, and of the files that it calls.
func (s *server) tell(ctx context.Context, d *document, found diag.List) {
	by := map[string]diag.List{d.path: {}}
	for _, one := range found {
		if path := s.abs(one.At.File); path != "" {
			by[path] = append(by[path], one)
		}
	}
	before := d.told
	d.told = nil
	for path, list := range by {
		p := &protocol.PublishDiagnosticsParams{URI: d.uri}
		switch {
		case path == d.path:
			p.Version.Set(d.version)
		case s.docs[path] != nil:
			continue // it says so itself
		default:
			p.URI = uriOf(path)
			d.told = append(d.told, p.URI)
		}
		text := s.linesOf(path)
		p.Diagnostics = []protocol.Diagnostic{}
		for _, one := range list.Foremost(most) {
			p.Diagnostics = append(p.Diagnostics, s.diagnostic(one, text))
		}
		s.publish(ctx, p)
	}
	for _, u := range before {
		if !slices.Contains(d.told, u) && s.docs[pathOf(u)] == nil {
			s.publish(ctx, &protocol.PublishDiagnosticsParams{URI: u, Diagnostics: []protocol.Diagnostic{}})
		}
	}
}

func (s *server) publish(ctx context.Context, p *protocol.PublishDiagnosticsParams) {
	if err := s.client.PublishDiagnostics(ctx, p); err != nil {
		fmt.Fprintln(s.options.Log, err)
	}
}

// linesOf are the lines of a file, for counting columns.
func (s *server) linesOf(path string) lines {
	if d := s.docs[path]; d != nil {
		return d.lines
	}
	text, err := s.site.Read(path)
	if err != nil {
		return nil // columns are as good as they can be
	}
	return linesOf(string(text))
}

func (s *server) diagnostic(d diag.Diagnostic, text lines) protocol.Diagnostic {
	out := protocol.Diagnostic{
		Range: text.span(d.At, s.units), Severity: protocol.DiagnosticSeverityError, Code: protocol.String(d.Code),
		Message: protocol.String(d.Message),
	}
	out.Source.Set("skillrun")
	if d.Severity == diag.Warning {
		out.Severity = protocol.DiagnosticSeverityWarning
	}
	if d.Hint != "" {
		out.Message = protocol.String(d.Message + "\n" + d.Hint)
	}
	for _, note := range d.Related {
		if path := s.abs(note.At.File); path != "" {
			out.RelatedInformation = append(out.RelatedInformation, protocol.DiagnosticRelatedInformation{
				Location: protocol.Location{URI: uriOf(path), Range: s.linesOf(path).span(note.At, s.units)}, Message: note.Message,
			})
		}
	}
	return out
}
