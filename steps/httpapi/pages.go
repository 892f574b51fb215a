package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

// Pages is how a list goes on that comes in parts. The result is all of it: json is
// the list, and body is empty.
type Pages struct {
	By       string  `json:"by" enum:"link,url,cursor,page,offset" doc:"How the next page is found: link, a Link header with rel=\"next\"; url, an address in the response; cursor, a text in the response that the next request sends; page, a number; offset, how many elements there were."`
	Items    string  `json:"items,omitempty" doc:"A JSON pointer (RFC 6901) to the list in each page; by default the page is the list."`
	Next     *string `json:"next" doc:"Of url and cursor: a JSON pointer to where the next page is. It ends where nothing is there, null, or an empty text."`
	Param    *string `json:"param" doc:"Of cursor, page and offset: the name under which a request says where it goes on: of the query, or in http_query of its json or form."`
	First    *int    `json:"first" doc:"Of page and offset: the first number, by default 1 and 0. It ends with a page that has no elements."`
	MaxPages *int    `json:"max_pages" minimum:"1" maximum:"1000" doc:"How many pages there may be, by default 100. If there are more, the step fails: nothing is left out in silence."`
	MaxItems *int    `json:"max_items" minimum:"1" maximum:"100000" doc:"How many elements there may be, by default 10000. If there are more, the step fails."`
}

func (p Pages) check(unknown step.UnknownPaths, at string) error {
	if unknown.Has(at) || unknown.Has(at+".by") {
		return nil
	}
	param := p.By == "cursor" || p.By == "page" || p.By == "offset"
	for _, c := range []struct {
		name         string
		given, wants bool
	}{{"next", p.Next != nil, p.By == "url" || p.By == "cursor"}, {"param", p.Param != nil, param}} {
		switch {
		case unknown.Has(at + "." + c.name):
		case c.wants && !c.given:
			return types.Errorf(types.BadInput, "pages by %s needs %s", p.By, c.name).WithHint("say where the next page is")
		case c.given && !c.wants:
			return types.Errorf(types.BadInput, "%s does not go with pages by %s", c.name, p.By).WithHint("leave it out")
		}
	}
	if p.First != nil && p.By != "page" && p.By != "offset" {
		return types.Errorf(types.BadInput, "first does not go with pages by %s", p.By).WithHint("leave it out")
	}
	if p.Next != nil {
		if err := checkPointer(*p.Next); err != nil {
			return err
		}
	}
	return checkPointer(p.Items)
}

// ask is one request that only reads.
type ask struct {
	method string
	target Target
	Content
}

// page sends one request.
func (c *client) page(ctx context.Context, a ask) (Out, error) {
	kind, body, err := a.body()
	if err != nil {
		return Out{}, err
	}
	resp, answer, err := c.exchange(ctx, sending{method: a.method, target: a.target, kind: kind, body: body})
	if err != nil {
		return Out{}, err
	}
	return c.answer(a.method, a.target, resp, answer)
}

// all reads every page.
func (c *client) all(ctx context.Context, a ask, p *Pages) (Out, error) {
	if p == nil {
		return c.page(ctx, a)
	}
	r := pager{Pages: *p, client: c, what: c.what(a.method, a.target), seen: map[string]bool{}, items: []any{}, number: first(*p)}
	for n := 1; ; n++ {
		next, err := r.at(a)
		if err != nil {
			return Out{}, err
		}
		out, err := c.page(ctx, next)
		if err != nil {
			return Out{}, err
		}
		more, err := r.take(out)
		if err != nil {
			return Out{}, err
		}
		switch a = next; {
		case !more:
			list := any(r.items)
			out.JSON, out.Body = &list, ""
			return out, nil
		case n == limit(p.MaxPages, 100):
			return Out{}, types.Errorf(types.BadInput, "%s: there are more than %d pages", r.what, n).WithHint("ask for less, or raise pages.max_pages")
		}
	}
}

func limit(given *int, otherwise int) int {
	if given != nil {
		return *given
	}
	return otherwise
}

func first(p Pages) int {
	if p.By == "page" {
		return limit(p.First, 1)
	}
	return limit(p.First, 0)
}

// pager is where the reading of pages has come to.
type pager struct {
	Pages
	client *client
	what   string
	items  []any
	number int             // of the next page, or of its first element
	next   string          // where it is, or its cursor; "" is the first page
	last   string          // what the last page held
	seen   map[string]bool // where pages were
}

// at is the request for the next page, which has to be another one.
func (r *pager) at(a ask) (ask, error) {
	a, err := r.following(a)
	here := types.Digest(types.Encode(map[string]any{"path": a.target.Path, "query": a.target.Query, "json": a.JSON, "form": a.Form}))
	if err == nil && r.seen[here] {
		err = r.repeats()
	}
	r.seen[here] = true
	return a, err
}

func (r *pager) following(a ask) (ask, error) {
	switch r.By {
	case "page", "offset":
		return a.with(*r.Param, r.number)
	case "cursor":
		if r.next != "" {
			return a.with(*r.Param, r.next)
		}
	default:
		if r.next != "" {
			err := r.client.follow(&a.target, r.next)
			return a, err
		}
	}
	return a, nil
}

// with is a request that says where the list goes on.
func (a ask) with(name string, value any) (ask, error) {
	raw := json.RawMessage(types.Encode(value))
	switch {
	case a.method == http.MethodGet:
		a.target.Query = with(a.target.Query, name, raw)
	case a.Form != nil:
		a.Form = with(a.Form, name, raw)
	default:
		var members map[string]json.RawMessage
		if a.JSON == nil || json.Unmarshal(*a.JSON, &members) != nil || members == nil {
			return a, types.Errorf(types.BadInput, "there is no object to put %s of pages into", name).WithHint("give json an object, or use form")
		}
		body := json.RawMessage(types.Encode(with(members, name, raw)))
		a.JSON = &body
	}
	return a, nil
}

func with(m map[string]json.RawMessage, name string, value json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{name: value}
	for k, v := range m {
		if k != name {
			out[k] = v
		}
	}
	return out
}

// take adds what a page holds, and reports whether another one follows.
func (r *pager) take(out Out) (more bool, err error) {
	var list []any
	if out.JSON != nil {
		v, _ := follow(*out.JSON, r.Items)
		list, _ = v.([]any)
	}
	if list == nil {
		return false, types.Errorf(types.Unavailable, "%s: there is no list at %q of a page", r.what, r.Items).WithHint("see what the service answers, and give pages.items a pointer to the list").With("body", excerpt([]byte(out.Body)))
	}
	if r.items = append(r.items, list...); len(r.items) > limit(r.MaxItems, 10_000) {
		return false, types.Errorf(types.BadInput, "%s: there are more than %d elements", r.what, limit(r.MaxItems, 10_000)).WithHint("ask for less, or raise pages.max_items")
	}
	held := types.Digest(types.Encode(list))
	if (r.By == "page" || r.By == "offset") && len(list) > 0 && held == r.last {
		return false, r.repeats()
	}
	r.last = held
	return r.goOn(out, len(list))
}

func (r *pager) repeats() error {
	return types.Errorf(types.Unavailable, "%s: the next page is one that was read already", r.what).WithHint("see how the service pages its lists")
}

// goOn finds where the next page is.
func (r *pager) goOn(out Out, found int) (more bool, err error) {
	switch r.By {
	case "page":
		r.number++
		return found > 0, nil
	case "offset":
		r.number += found
		return found > 0, nil
	case "link":
		r.next = nextLink(out.Headers["link"])
		return r.next != "", nil
	}
	v, _ := follow(*out.JSON, *r.Next)
	if isNothing(v) {
		return false, nil
	}
	switch v.(type) {
	case []any, map[string]any, bool:
		return false, types.Errorf(types.Unavailable, "%s: %q of a page does not say where the next one is", r.what, *r.Next).WithHint("give pages.next a pointer to a text or a number")
	}
	r.next = types.Show(v)
	return true, nil
}

var linkPattern = types.Pattern(`<([^>]*)>((?:\s*;\s*[A-Za-z*]+\s*(?:=\s*(?:"[^"]*"|[^\s",;]*))?)*)`)

var isNext = types.Pattern(`(?i);\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?:$|[\s;]))`)

// nextLink is where a Link header (RFC 8288) says that the next page is.
func nextLink(header string) string {
	for _, link := range linkPattern().FindAllStringSubmatch(header, -1) {
		if isNext().MatchString(link[2]) {
			return link[1]
		}
	}
	return ""
}

// follow has a request ask what an answer leads to: below the service's url, and
// nowhere else.
func (c *client) follow(t *Target, link string) error {
	here, err := c.locate(t.Path, t.Query)
	if err != nil {
		return err
	}
	to, err := here.Parse(link)
	elsewhere := func(why string) error {
		return types.Errorf(types.Unavailable, "%s: the next page is %s", c.what(http.MethodGet, *t), why).
			WithHint("see how the service pages its lists; only what is below the service's url is asked").With("next", types.Clip(link))
	}
	if err != nil {
		return elsewhere("no address")
	}
	base := strings.TrimSuffix(c.base.EscapedPath(), "/") + "/"
	path, below := strings.CutPrefix(to.EscapedPath(), base)
	if to.Scheme != c.base.Scheme || to.Host != c.base.Host || to.User != nil || !below {
		return elsewhere("elsewhere")
	}
	if checkPath(path) != nil {
		return elsewhere("no path below the service's url")
	}
	query, err := url.ParseQuery(to.RawQuery)
	if err != nil {
		return elsewhere("no address")
	}
	t.Path, t.Query = path, map[string]json.RawMessage{}
	for name, values := range query {
		t.Query[name] = types.Encode(values)
	}
	return nil
}
