package main

import (
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// sheet is what the tests want to know of a page of the site.
type sheet struct {
	ids      map[string]bool
	links    []string
	headings []string // h1, h2
	empty    int      // cells of heads without a text
	mains    int
	lang     string
	scripts  int
}

func sheetOf(t *testing.T, text string) sheet {
	t.Helper()
	out := sheet{ids: map[string]bool{}}
	z := html.NewTokenizer(strings.NewReader(text))
	head, said := false, ""
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return out
		case html.TextToken:
			said += string(z.Text())
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "th" && head && strings.TrimSpace(said) == "" {
				out.empty++
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			out.element(t, z.Token())
			said, head = "", true
		}
	}
}

func (s *sheet) element(t *testing.T, token html.Token) {
	t.Helper()
	switch token.Data {
	case "main":
		s.mains++
	case "script":
		s.scripts++
	case "h1", "h2", "h3", "h4", "h5", "h6":
		s.headings = append(s.headings, token.Data)
	}
	for _, a := range token.Attr {
		switch {
		case a.Key == "id" && s.ids[a.Val]:
			t.Errorf("two elements have the id %s", a.Val)
		case a.Key == "id":
			s.ids[a.Val] = true
		case a.Key == "href" || a.Key == "src" || a.Key == "action":
			s.links = append(s.links, a.Val)
		case a.Key == "lang":
			s.lang = a.Val
		case strings.HasPrefix(a.Key, "on") || a.Key == "style":
			t.Errorf("%s has an attribute %s", token.Data, a.Key)
		}
	}
}

// TestSite holds that the site is whole: each link and each fragment leads somewhere, the
// headings of a page are in order, and only the search has a script.
func TestSite(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.run("docs", "--site", "site").want(t, 0)
	pages := siteFiles(t, filepath.Join(b.dir, "site"))
	sheets := map[string]sheet{}
	for name, text := range pages {
		if strings.HasSuffix(name, ".html") {
			sheets[name] = sheetOf(t, text)
		}
	}
	for _, want := range []string{"index.html", "search.html", "language.html", "skill-release_aa_backend_prod.html", "example-hello.html", "rewritten-hotfix.html"} {
		if _, ok := sheets[want]; !ok {
			t.Fatalf("there is no page %s among %v", want, slices.Sorted(maps.Keys(pages)))
		}
	}
	for name, s := range sheets {
		for _, link := range s.links {
			if why := dead(pages, sheets, name, link); why != "" {
				t.Errorf("%s links to %s: %s", name, link, why)
			}
		}
		level := "h0"
		for _, h := range s.headings {
			if h[1] > level[1]+1 {
				t.Errorf("%s: behind %s comes %s", name, level, h)
			}
			level = h
		}
		if s.mains != 1 || s.lang != "en" || s.empty > 0 || len(s.headings) == 0 || s.headings[0] != "h1" || (s.scripts > 0) != (name == "search.html") {
			t.Errorf("%s: %d main, language %q, %d empty heads, headings %.20v, %d scripts", name, s.mains, s.lang, s.empty, s.headings, s.scripts)
		}
	}
	for page, want := range map[string]string{
		"language.html":      `<a href="example-conditions.html">`,
		"example-hello.html": "<h2 id=\"example-output\">",
		"search.html":        `<a href="operations.html#idempotent-writes">`,
	} {
		if !strings.Contains(pages[page], want) {
			t.Errorf("%s has no %s", page, want)
		}
	}
	if !strings.Contains(pages["skill-release_aa_backend_prod.html"], "<code>investigate_alert</code>") && !strings.Contains(pages["skill-release_aa_backend_prod.html"], "<code>create_jira_issue</code></a>") {
		t.Error("the release has no relatives among the examples")
	}
	b.run("docs", "--site", "site").want(t, 0)
	if again := siteFiles(t, filepath.Join(b.dir, "site")); !maps.Equal(pages, again) {
		t.Error("the second time it is another site")
	}
}

// dead says why a link leads nowhere, "" when it does not.
func dead(pages map[string]string, sheets map[string]sheet, from, link string) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme == "https":
		return ""
	case u.Scheme != "" || u.Host != "":
		return "it is another site's, and not by https"
	}
	to := u.Path
	if to == "" {
		to = from
	}
	if _, there := pages[to]; !there {
		return "there is no such file"
	}
	if u.Fragment != "" && !sheets[to].ids[u.Fragment] {
		return "there is no such place"
	}
	return ""
}

func siteFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(text)
	}
	return out
}

// TestSiteKeepsFiles holds that what others have in the folder stays.
func TestSiteKeepsFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dir := filepath.Join(b.dir, "site")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"mine.html": "mine", "tutorial.html": "mine too"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.run("docs", "--site", "site").want(t, 2, `site/tutorial.html is there already`)
	if got := siteFiles(t, dir); len(got) != 2 || got["tutorial.html"] != "mine too" {
		t.Errorf("%v", slices.Sorted(maps.Keys(got)))
	}
	if err := os.Remove(filepath.Join(dir, "tutorial.html")); err != nil {
		t.Fatal(err)
	}
	b.run("docs", "--site", "site").want(t, 0)
	if got := siteFiles(t, dir); got["mine.html"] != "mine" {
		t.Error("a file is not what it was")
	}
}
