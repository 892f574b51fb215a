package book

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"github.com/skillrun/skillrun/cmd/skillrun/internal/graph"
	"github.com/skillrun/skillrun/engine/types"
)

//go:embed style.css
var styleSheet string

//go:embed page.html
var pageTemplate string

// HTML writes the page of a skill as one file that needs no other: its styles and its
// picture are in it, there is no script, and its policy lets nothing else in.
func (s *Subject) HTML(w io.Writer) error {
	body, _, err := s.body()
	if err != nil {
		return err
	}
	return layout{Title: s.Skill.Name, Body: body}.write(w)
}

// body is the page as HTML, and as the document that it is made from.
func (s *Subject) body() (template.HTML, *document, error) {
	var md, flow bytes.Buffer
	if err := s.Markdown(&md); err != nil {
		return "", nil, err
	}
	if err := s.Flow().Inline(&flow); err != nil {
		return "", nil, err
	}
	d := parse(md.Bytes())
	d.flow = flow.String()
	body, err := d.html()
	return body, d, err
}

// layout is what stands around a page.
type layout struct {
	Title  string
	Body   template.HTML
	Site   *navigation // nil for a page by itself
	Script template.JS
}

// Written is [Written].
func (layout) Written() string { return Written }

// Style is the style sheet, with that of graphs.
func (layout) Style() template.CSS { return template.CSS(styleSheet + graph.Style) }

// Policy lets in nothing but what the page itself has.
func (l layout) Policy() string {
	policy := "default-src 'none'; base-uri 'none'; img-src 'self' file: data:; style-src " + digest(string(l.Style()))
	if l.Script != "" {
		policy += "; script-src " + digest(string(l.Script))
	}
	return policy
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func (l layout) write(w io.Writer) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	return t.Execute(w, l)
}

// document is Markdown that was parsed. What is HTML in it is left out.
type document struct {
	source []byte
	root   ast.Node
	flow   string // the picture that stands for a block of Mermaid; "" leaves the block
}

func markdown(extra ...renderer.NodeRenderer) goldmark.Markdown {
	var with []util.PrioritizedValue
	for _, r := range extra {
		with = append(with, util.Prioritized(r, 100))
	}
	return goldmark.New(
		goldmark.WithExtensions(extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute))),
		goldmark.WithParserOptions(parser.WithAutoHeadingID()),
		goldmark.WithRendererOptions(renderer.WithNodeRenderers(with...)),
	)
}

func parse(source []byte) *document {
	context := parser.NewContext(parser.WithIDs(&anchors{taken: map[string]int{}}))
	root := markdown().Parser().Parse(text.NewReader(source), parser.WithContext(context))
	return &document{source: source, root: root}
}

func (d *document) html() (template.HTML, error) {
	var b bytes.Buffer
	err := markdown(d).Renderer().Render(&b, d.source, d.root)
	return template.HTML(b.String()), err // of goldmark, which escapes texts and leaves HTML out
}

// RegisterFuncs has blocks of code and headings written here.
func (d *document) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindFencedCodeBlock, d.block)
	r.Register(ast.KindHeading, d.heading)
}

// block writes a block of code, which a keyboard can scroll, or the picture of the flow.
func (d *document) block(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	block := n.(*ast.FencedCodeBlock)
	if d.flow != "" && string(block.Language(source)) == "mermaid" {
		_, err := w.WriteString(d.flow)
		return ast.WalkSkipChildren, err
	}
	_, _ = w.WriteString(`<pre tabindex="0"><code>`) // the writer keeps its first error, and Render returns it
	for i := range block.Lines().Len() {
		line := block.Lines().At(i)
		template.HTMLEscape(w, line.Value(source))
	}
	_, err := w.WriteString("</code></pre>\n")
	return ast.WalkSkipChildren, err
}

// heading writes a heading with a link to itself.
func (d *document) heading(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	tag := "h" + strconv.Itoa(n.(*ast.Heading).Level)
	id := template.HTMLEscapeString(idOf(n))
	out := "<" + tag + ` id="` + id + `">`
	if !entering {
		out = ` <a class="anchor" href="#` + id + `" aria-hidden="true" tabindex="-1">#</a></` + tag + ">\n"
	}
	_, err := w.WriteString(out)
	return ast.WalkContinue, err
}

func idOf(n ast.Node) string {
	id, _ := n.AttributeString("id")
	text, _ := id.([]byte)
	return string(text)
}

// anchors gives headings the ids that GitHub and GitLab give them.
type anchors struct{ taken map[string]int }

var dropped = types.Pattern(`[^\p{L}\p{N}_ -]`)

// Generate returns the id of a heading, with a number where it is not the first.
func (a *anchors) Generate(value []byte, _ ast.NodeKind) []byte {
	id := strings.ReplaceAll(dropped().ReplaceAllString(strings.ToLower(string(value)), ""), " ", "-")
	n := a.taken[id]
	if a.taken[id]++; n > 0 {
		id += "-" + strconv.Itoa(n)
	}
	return []byte(id)
}

// Put notes an id that a page gives itself.
func (a *anchors) Put(value []byte) { a.taken[string(value)]++ }
