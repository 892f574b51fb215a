package sandbox

import (
	"html/template"
	"net"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/skillrun/skillrun/steps/gitlab/gitlabtest"
)

// The links that runs print lead to these pages: one for an issue, one for a
// merge request, where a person approves and merges as alice does. They are
// plain HTML without a script. What stands in them came from outside, and is
// escaped by html/template.

var (
	issuePath = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/jira/browse/([A-Z][A-Z0-9_]*-[0-9]+)$`) })
	mrPath    = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^/gitlab/(.+)/-/merge_requests/([0-9]+)(?:/(approve|merge|close|reopen))?$`)
	})
)

// servePage answers a path that a person opens in a browser, and reports
// whether it is one.
func (w *World) servePage(out http.ResponseWriter, r *http.Request) bool {
	if m := issuePath().FindStringSubmatch(r.URL.Path); m != nil {
		w.issuePage(out, r, m[1])
		return true
	}
	m := mrPath().FindStringSubmatch(r.URL.Path)
	if m == nil || strings.HasPrefix(m[1], "api/") {
		return false
	}
	iid, err := strconv.Atoi(m[2])
	switch {
	case err != nil || m[1] != deployProject:
		http.NotFound(out, r)
	case m[3] == "":
		w.mrPage(out, r, iid)
	default:
		w.press(out, r, iid, m[3])
	}
	return true
}

func (w *World) issuePage(out http.ResponseWriter, r *http.Request, key string) {
	for _, i := range w.jira.Issues() {
		if i.Key == key {
			show(out, r, issueTemplate(), i)
			return
		}
	}
	http.NotFound(out, r)
}

// mergeRequest finds one of the GitOps repository.
func (w *World) mergeRequest(iid int) (gitlabtest.MRView, bool) {
	for _, mr := range w.gitlab.MergeRequests() {
		if mr.Project == deployProject && mr.IID == iid {
			return mr, true
		}
	}
	return gitlabtest.MRView{}, false
}

func (w *World) mrPage(out http.ResponseWriter, r *http.Request, iid int) {
	mr, ok := w.mergeRequest(iid)
	if !ok {
		http.NotFound(out, r)
		return
	}
	changes, err := w.gitlab.Changes(deployProject, iid)
	show(out, r, mrTemplate(), mrPage{mr, changes, err})
}

type mrPage struct {
	gitlabtest.MRView
	Changes []gitlabtest.Change
	Err     error
}

// Buttons are what can be done with the merge request.
func (p mrPage) Buttons() []string {
	switch p.State {
	case "opened":
		return []string{"approve", "merge", "close"}
	case "closed":
		return []string{"reopen"}
	}
	return nil
}

// press does what a button says. Only a page of the world itself may press one:
// a browser says where a form came from, and any site could send one here.
func (w *World) press(out http.ResponseWriter, r *http.Request, iid int, button string) {
	if r.Method != http.MethodPost {
		out.Header().Set("Allow", http.MethodPost)
		http.Error(out, "only POST", http.StatusMethodNotAllowed)
		return
	}
	if !w.own(r.Header.Get("Origin")) {
		http.Error(out, "press the button on the page of the merge request", http.StatusForbidden)
		return
	}
	action := map[string]func(int) error{"approve": w.ApproveMR, "merge": w.MergeMR, "close": w.CloseMR, "reopen": w.ReopenMR}[button]
	if err := action(iid); err != nil {
		http.Error(out, err.Error(), http.StatusConflict)
		return
	}
	http.Redirect(out, r, path.Dir(r.URL.Path), http.StatusSeeOther)
}

// own reports whether an origin is the world's: the url it goes by, or its port
// on this machine by another name.
func (w *World) own(origin string) bool {
	_, port, _ := net.SplitHostPort(w.addr)
	local := w.urlAt(net.JoinHostPort("localhost", port))
	return origin == w.url || origin == local
}

// show writes a page. It may load nothing, run nothing and be framed nowhere.
func show(out http.ResponseWriter, r *http.Request, t *template.Template, data any) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		out.Header().Set("Allow", http.MethodGet)
		http.Error(out, "only GET", http.StatusMethodNotAllowed)
		return
	}
	h := out.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = t.Execute(out, data) // who went away gets nothing
}

// page is what all pages share; the parts "title" and "body" are each page's.
const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{template "title" .}} · skillrun sandbox</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c1e21; background: #fff }
h1 { font-size: 1.4rem } dt { color: #555 } dl { display: grid; grid-template-columns: 10rem 1fr; gap: .2rem 1rem } dd { margin: 0 }
pre { background: #f4f5f7; padding: .8rem; overflow-x: auto; white-space: pre-wrap } button { font: inherit; padding: .3rem 1rem; margin-right: .5rem }
form { display: inline } footer { color: #555; margin-top: 2rem }
@media (prefers-color-scheme: dark) { body { color: #e4e6eb; background: #18191a } pre { background: #242526 } a { color: #8ab4f8 } dt, footer { color: #b0b3b8 } }
</style>
{{template "body" .}}
<footer>A page of the sandbox: nothing here is real.</footer>
</html>
`

func issueTemplate() *template.Template {
	return template.Must(template.Must(template.New("page").Parse(page)).Parse(`
{{define "title"}}{{.Key}} {{.Summary}}{{end}}
{{define "body"}}
<h1>{{.Key}}: {{.Summary}}</h1>
<dl>
<dt>Status</dt><dd>{{.Status}}</dd>
<dt>Type</dt><dd>{{.Type}}</dd>
<dt>Project</dt><dd>{{.Project}}</dd>
{{with .Labels}}<dt>Labels</dt><dd>{{range .}}{{.}} {{end}}</dd>{{end}}
{{with .Components}}<dt>Components</dt><dd>{{range .}}{{.}} {{end}}</dd>{{end}}
{{range .RemoteLinks}}<dt>Link</dt><dd><a href="{{.URL}}" rel="noopener noreferrer">{{.Title}}</a></dd>{{end}}
</dl>
{{with .Description}}<h2>Description</h2><pre>{{.}}</pre>{{end}}
{{with .Comments}}<h2>Comments</h2>{{range .}}<pre>{{.}}</pre>{{end}}{{end}}
{{end}}`))
}

func mrTemplate() *template.Template {
	return template.Must(template.Must(template.New("page").Parse(page)).Parse(`
{{define "title"}}!{{.IID}} {{.Title}}{{end}}
{{define "body"}}
<h1>!{{.IID}}: {{.Title}}</h1>
<p>{{$here := .IID}}{{range .Buttons}}<form method="post" action="{{$here}}/{{.}}"><button>{{.}}</button></form>{{end}}</p>
<dl>
<dt>State</dt><dd>{{.State}}{{if .Draft}}, draft{{end}}</dd>
<dt>Branches</dt><dd>{{.SourceProject}}:{{.SourceBranch}} into {{.TargetBranch}}</dd>
<dt>Author</dt><dd>{{.Author}}</dd>
<dt>Approved by</dt><dd>{{range .Approvals}}{{.}} {{else}}nobody yet{{end}}</dd>
{{with .Reviewers}}<dt>Reviewers</dt><dd>{{range .}}{{.}} {{end}}</dd>{{end}}
{{with .Labels}}<dt>Labels</dt><dd>{{range .}}{{.}} {{end}}</dd>{{end}}
</dl>
{{with .Description}}<h2>Description</h2><pre>{{.}}</pre>{{end}}
<h2>Changes</h2>
{{with .Err}}<p>{{.}}</p>{{end}}
{{range .Changes}}<h3>{{if .NewPath}}{{.NewPath}}{{else}}{{.OldPath}} (deleted){{end}}</h3><pre>{{.Diff}}</pre>{{end}}
{{with .Notes}}<h2>Notes</h2>{{range .}}<pre>{{.}}</pre>{{end}}{{end}}
{{end}}`))
}
