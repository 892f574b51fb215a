package lsp_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.lsp.dev/jsonrpc2"
	"go.lsp.dev/protocol"
	"go.lsp.dev/uri"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/lsp"
	"github.com/skillrun/skillrun/engine"
	"github.com/skillrun/skillrun/engine/skilltest"
	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

type shipIn struct {
	Service string `json:"service,omitempty" doc:"Where."`
	Image   string `json:"image" doc:"The image to ship."`
	Mode    string `json:"mode,omitempty" doc:"How." enum:"fast,slow"`
}

type shipOut struct {
	URL string `json:"url" doc:"Where it runs."`
}

func ship(context.Context, shipIn) (shipOut, error) { return shipOut{}, nil }

// files are those of the folder /ws.
type files map[string]string

func (f files) read(path string) ([]byte, error) {
	rel, err := filepath.Rel("/ws", path)
	text, ok := f[rel]
	if err != nil || !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(text), nil
}

func (f files) site(string) lsp.Site {
	cat := step.NewCatalogue([]step.Step{step.Write("ship", "Ship an image.", ship), step.Read("look", "Look at [it](http://evil).", ship)})
	return lsp.Site{
		Engine: func(open func(string) ([]byte, bool)) *engine.Engine {
			return engine.New(engine.Setup{Catalogue: cat, Skills: func(beside, name string) (string, []byte, error) {
				path := filepath.Join(filepath.Dir(beside), name+".yaml")
				if text, ok := open(path); ok {
					return path, text, nil
				}
				text, err := f.read(path)
				if err != nil {
					return "", nil, types.Errorf(types.NotFound, "no skill is named %q", name)
				}
				return path, text, nil
			}})
		},
		Other: f.other,
		Names: func(string) engine.Names {
			return engine.Names{Skills: func() []engine.Named { return []engine.Named{{Name: "other"}} }}
		},
		Files: func(string) []string {
			var out []string
			for name := range f {
				out = append(out, "/ws/"+name)
			}
			return out
		},
		Read: f.read,
	}
}

// other describes tests.
func (f files) other(e *engine.Engine, path string, _ []byte) *engine.Table {
	subject, is := skilltest.Subject(path)
	if !is {
		return nil
	}
	text, _ := f.read(subject)
	skill, _ := e.Check(subject, text)
	return &engine.Table{Mappings: skilltest.Keys(), Top: "tests", Subject: skill}
}

// pipes are one end of a connection.
type pipes struct {
	io.Reader
	io.WriteCloser
}

// editor is the other end of a server.
type editor struct {
	protocol.Server
	t     *testing.T
	raw   io.Writer
	told  chan *protocol.PublishDiagnosticsParams
	ended chan error
}

// client is what of an editor a server speaks to.
type client struct {
	protocol.UnimplementedClient
	told chan *protocol.PublishDiagnosticsParams
}

func (e client) PublishDiagnostics(_ context.Context, p *protocol.PublishDiagnosticsParams) error {
	e.told <- p
	return nil
}

// connect starts a server for the files.
func connect(t *testing.T, f files, encodings ...protocol.PositionEncodingKind) *editor {
	t.Helper()
	toServer, fromEditor := io.Pipe()
	toEditor, fromServer := io.Pipe()
	e := &editor{t: t, raw: fromEditor, told: make(chan *protocol.PublishDiagnosticsParams, 100_000), ended: make(chan error, 1)}
	go func() {
		e.ended <- lsp.Serve(context.Background(), toServer, fromServer, lsp.Options{Version: "1", Open: f.site, Log: t.Output(), Wait: time.Millisecond})
		_ = fromServer.Close()
	}()
	_, _, server := protocol.NewClient(context.Background(), client{told: e.told}, jsonrpc2.NewStream(pipes{toEditor, fromEditor}))
	e.Server = server
	p := &protocol.InitializeParams{}
	if err := protocol.Unmarshal([]byte(`[{"uri": "file:///ws", "name": "ws"}]`), &p.WorkspaceFolders); err != nil {
		t.Fatal(err)
	}
	p.Capabilities.General = &protocol.GeneralClientCapabilities{PositionEncodings: encodings}
	result, err := e.Initialize(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	if want := protocol.PositionEncodingKindUTF16; len(encodings) == 0 && result.Capabilities.PositionEncoding != want {
		t.Errorf("columns are counted in %s, want %s", result.Capabilities.PositionEncoding, want)
	}
	e.do(e.Initialized(t.Context(), &protocol.InitializedParams{}))
	t.Cleanup(func() {
		e.do(e.Shutdown(context.Background()))
		e.do(e.Exit(context.Background()))
		if err := <-e.ended; err != nil {
			t.Error(err)
		}
		_ = fromEditor.Close()
	})
	return e
}

func (e *editor) do(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func at(name string) uri.URI { return uri.URI("file:///ws/" + name) }

func (e *editor) open(name, text string) {
	e.t.Helper()
	e.do(e.DidOpen(e.t.Context(), &protocol.DidOpenTextDocumentParams{TextDocument: protocol.TextDocumentItem{URI: at(name), LanguageID: "skillrun", Version: 1, Text: text}}))
}

// replace is a change of all of a text.
func (e *editor) replace(name, text string, version int32) {
	e.t.Helper()
	p := &protocol.DidChangeTextDocumentParams{ContentChanges: []protocol.TextDocumentContentChangeEvent{&protocol.TextDocumentContentChangeWholeDocument{Text: text}}}
	p.TextDocument.URI, p.TextDocument.Version = at(name), version
	e.do(e.DidChange(e.t.Context(), p))
}

// diagnostics waits for those of a version of a file.
func (e *editor) diagnostics(name string, version int32) []protocol.Diagnostic {
	e.t.Helper()
	for {
		select {
		case p := <-e.told:
			if got, _ := p.Version.Get(); p.URI == at(name) && got == version {
				return p.Diagnostics
			}
		case <-time.After(time.Minute):
			e.t.Fatalf("no diagnostics of %s came", name)
		}
	}
}

// cursor takes the mark of a cursor out of a text; columns are in UTF-16.
func cursor(t *testing.T, text string) (string, protocol.Position) {
	t.Helper()
	before, after, ok := strings.Cut(text, "‸")
	if !ok {
		t.Fatal("no cursor in the text")
	}
	units := 0
	for _, r := range before[strings.LastIndexByte(before, '\n')+1:] {
		if units++; r > 0xffff {
			units++
		}
	}
	return before + after, protocol.Position{Line: uint32(strings.Count(before, "\n")), Character: uint32(units)}
}

const good = `name: mine
inputs: {image: {type: string, required: true, description: "The image 🚀."}}
steps:
  - {id: first, uses: look, with: {image: "🚀 ${{ inputs.image }}"}}
  - {id: second, uses: ship, with: {image: "${{ steps.first.url }}"}}
outputs: {where: "${{ steps.second.url }}"}
`

func TestDiagnosticsFollowTheText(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	e.open("mine.yaml", good)
	if found := e.diagnostics("mine.yaml", 1); len(found) != 0 {
		t.Errorf("a good skill has %v", found)
	}
	e.replace("mine.yaml", strings.Replace(good, "steps.first.url", "steps.first.urk", 1), 2)
	found := e.diagnostics("mine.yaml", 2)
	if len(found) != 1 || found[0].Code != protocol.String("unknown-name") {
		t.Fatalf("found %v", found)
	}
	line := strings.Split(good, "\n")[found[0].Range.Start.Line]
	if got := line[found[0].Range.Start.Character:found[0].Range.End.Character]; got != "url" {
		t.Errorf("underlined is %q", got)
	}
	e.replace("mine.yaml", good+"\n  ? [", 3)
	if found := e.diagnostics("mine.yaml", 3); len(found) == 0 {
		t.Error("a broken file has no mistakes")
	}
	e.replace("mine.yaml", "name: old", 1) // passed over
	e.replace("mine.yaml", good, 4)
	if found := e.diagnostics("mine.yaml", 4); len(found) != 0 {
		t.Errorf("the mended skill has %v", found)
	}
}

// TestEmoji holds that columns are counted as the protocol says, and that \r\n ends lines.
func TestEmoji(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{"\n", "\r\n"} {
		e := connect(t, files{})
		e.open("mine.yaml", strings.ReplaceAll(strings.Replace(good, "inputs.image }}\"}}\n", "inputs.imagf }}\"}}\n", 1), "\n", ending))
		found := e.diagnostics("mine.yaml", 1)
		if len(found) != 1 || found[0].Range.Start.Line != 3 || found[0].Range.Start.Character != 57 || found[0].Range.End.Character != 62 {
			t.Errorf("found %v", found)
		}
	}
	e := connect(t, files{}, protocol.PositionEncodingKindUTF32)
	e.open("mine.yaml", strings.Replace(good, "inputs.image }}\"}}\n", "inputs.imagf }}\"}}\n", 1))
	if found := e.diagnostics("mine.yaml", 1); len(found) != 1 || found[0].Range.Start.Character != 56 {
		t.Errorf("found %v", found)
	}
}

func TestIncrementalChanges(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	e.open("mine.yaml", good)
	p := &protocol.DidChangeTextDocumentParams{}
	p.TextDocument.URI, p.TextDocument.Version = at("mine.yaml"), 2
	before, pos := cursor(t, strings.Replace(good, "inputs.image }}", "inputs.‸image }}", 1))
	if before != good {
		t.Fatal("the cursor is not there")
	}
	end := pos
	end.Character += 5
	p.ContentChanges = append(p.ContentChanges,
		&protocol.TextDocumentContentChangePartial{Range: protocol.Range{Start: pos, End: end}, Text: "🚀\nother"},
		&protocol.TextDocumentContentChangePartial{Range: protocol.Range{Start: pos, End: protocol.Position{Line: pos.Line + 1}}, Text: ""},
	)
	e.do(e.DidChange(t.Context(), p))
	found := e.diagnostics("mine.yaml", 2)
	if len(found) != 1 || !strings.Contains(string(found[0].Message.(protocol.String)), "other") {
		t.Errorf("found %v", found)
	}
}

func TestCalledFilesSpeak(t *testing.T) {
	t.Parallel()
	const caller = "name: mine\nsteps: [{id: a, uses: skill:other}]\n"
	e := connect(t, files{"other.yaml": "name: other\nsteps: [{id: a, uses: loook}]\n"})
	e.open("mine.yaml", caller)
	for p := range e.told {
		if p.URI == at("other.yaml") {
			if len(p.Diagnostics) != 1 || len(p.Diagnostics[0].RelatedInformation) == 0 {
				t.Errorf("found %v", p.Diagnostics)
			}
			break
		}
	}
	e.open("other.yaml", "name: other\nsteps: [{id: a, uses: look, with: {image: a}}]\n")
	if found := e.diagnostics("other.yaml", 1); len(found) != 0 {
		t.Errorf("the open file has %v", found)
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	e := connect(t, files{})
	for _, junk := range []string{
		"\r\n\r\nhello\nContent-Length: -3\r\n\r\nContent-Length: x\r\n\r\n", strings.Repeat("x", 10_000) + "\n", "Content-Length: 3\r\n\r\n{{{",
		"Content-Length: 2\r\n\r\n[]", "Content-Length: 4\r\n\r\nnull", "Content-Length: 17\r\n\r\n{\"jsonrpc\":\"2.0\"}",
		frame(`{"jsonrpc":"2.0","id":[1],"method":"textDocument/hover"}`), frame(`{"jsonrpc":"2.0","id":7,"method":"no/such","params":3}`),
		frame(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":3}}`),
		frame("{\"jsonrpc\":\"2.0\",\"method\":\"textDocument/didOpen\",\"params\":{\"textDocument\":{\"uri\":\"\xff\"}}}"),
		frame(`{"jsonrpc":"2.0","jsonrpc":"2.0","method":"x","id":1}`), frame(`{"jsonrpc":"2.0","id":1e400,"method":"x"}`),
		frame(`{"jsonrpc":"2.0","id":"a","method":"textDocument/hover","params":{"textDocument":{"uri":"http://x/y"},"position":{"line":99999,"character":4294967295}}}`),
	} {
		if _, err := io.WriteString(e.raw, junk); err != nil {
			t.Fatalf("after %q: %v", junk, err)
		}
	}
	e.open("mine.yaml", good)
	if found := e.diagnostics("mine.yaml", 1); len(found) != 0 {
		t.Errorf("found %v", found)
	}
}

func frame(body string) string {
	return "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestLeavingWithoutAWord(t *testing.T) {
	t.Parallel()
	err := lsp.Serve(t.Context(), strings.NewReader(""), io.Discard, lsp.Options{Open: files{}.site, Log: t.Output()})
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the server ended with %v", err)
	}
}
