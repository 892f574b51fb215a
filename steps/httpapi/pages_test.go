package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/types"
)

// list serves the numbers 1 to 5, two a page, in each way of paging.
func list(w world) func(http.ResponseWriter, *http.Request) bool {
	return func(out http.ResponseWriter, r *http.Request) bool {
		var sent struct{ After string }
		_ = json.Unmarshal([]byte(w.api.sent), &sent)
		q := r.URL.Query()
		from := 0
		switch {
		case q.Has("page"):
			n, _ := strconv.Atoi(q.Get("page"))
			from = 2 * (n - 1)
		case q.Has("from"):
			from, _ = strconv.Atoi(q.Get("from"))
		case q.Has("after"):
			from, _ = strconv.Atoi(q.Get("after"))
		case sent.After != "":
			from, _ = strconv.Atoi(sent.After)
		}
		items := []int{}
		for n := from + 1; n <= min(from+2, 5); n++ {
			items = append(items, n)
		}
		out.Header().Set("Content-Type", "application/json")
		next := any(nil)
		if from+2 < 5 {
			next = strconv.Itoa(from + 2)
			out.Header().Add("Link", fmt.Sprintf(`<http://%s/v1/list?q=a%%20b&after=%v>; title="a, b"; rel="prev next", <http://elsewhere.example.com/>; rel=last`, w.host, next))
		}
		answer := map[string]any{"items": items, "next": next, "url": nil}
		if next != nil {
			answer["url"] = fmt.Sprintf("list?after=%v", next)
		}
		_ = json.NewEncoder(out).Encode(answer)
		return true
	}
}

// TestPages: every way of paging gives the whole list, or an error.
func TestPages(t *testing.T) {
	w := newWorld(t)
	w.service.Queries = []string{"/list"}
	w.api.answer(list(w))
	for _, c := range []struct {
		step, in string
		asked    int
		want     string
	}{
		{"http_get", `"pages":{"by":"link","items":"/items"}`, 3, "[1,2,3,4,5]"},
		{"http_get", `"pages":{"by":"url","items":"/items","next":"/url"}`, 3, "[1,2,3,4,5]"},
		{"http_get", `"query":{"q":"x"},"pages":{"by":"cursor","items":"/items","next":"/next","param":"after"}`, 3, "[1,2,3,4,5]"},
		{"http_get", `"pages":{"by":"page","items":"/items","param":"page"}`, 4, "[1,2,3,4,5]"},
		{"http_get", `"pages":{"by":"page","items":"/items","param":"page","first":2}`, 3, "[3,4,5]"},
		{"http_get", `"pages":{"by":"offset","items":"/items","param":"from"}`, 4, "[1,2,3,4,5]"},
		{"http_query", `"json":{"After":"0"},"pages":{"by":"cursor","items":"/items","next":"/next","param":"After"}`, 3, "[1,2,3,4,5]"},
		{"http_get", `"pages":{"by":"cursor","items":"/items","next":"/next","param":"after","max_pages":3,"max_items":5}`, 3, "[1,2,3,4,5]"},
		{"http_get", `"pages":{"by":"cursor","items":"/items","next":"/next","param":"after","max_pages":2}`, 2, "invalid there are more than 2 pages"},
		{"http_get", `"pages":{"by":"link","items":"/items","max_items":4}`, 3, "invalid there are more than 4 elements"},
		{"http_get", `"pages":{"by":"link"}`, 1, `unavailable there is no list at "" of a page`},
		{"http_get", `"pages":{"by":"cursor","items":"/items","next":"/items","param":"after"}`, 1, `unavailable "/items" of a page does not say where the next one is`},
		{"http_get", `"pages":{"by":"cursor","items":"/items","next":"/next","param":"ignored"}`, 2, `unavailable the next page is one that was read already`},
		{"http_get", `"pages":{"by":"page","items":"/items","param":"ignored"}`, 2, `unavailable the next page is one that was read already`},
		{"http_query", `"body":"x","pages":{"by":"cursor","items":"/items","next":"/next","param":"After"}`, 1, "invalid there is no object to put After of pages into"},
	} {
		w.api.answer(list(w))
		raw, err := w.do(c.step, `{"service":"http","path":"list",`+c.in+`}`)
		asked := w.api.answer(nil)
		var out struct {
			Body string
			JSON json.RawMessage
		}
		_ = json.Unmarshal([]byte(raw), &out)
		got := out.Body + string(out.JSON) // the body is of one page only
		if err != nil {
			_, message, _ := strings.Cut(err.Message, "HOST/v1/list: ")
			if message == "" {
				message = err.Message
			}
			got = string(err.Code) + " " + message
		}
		if got != c.want || len(asked) != c.asked {
			t.Errorf("%s %s:\ngot  %s\nwant %s\nasked %q", c.step, c.in, got, c.want, asked)
		}
		if c.step == "http_get" && strings.Contains(c.in, `"q":"x"`) && !strings.Contains(asked[len(asked)-1], "q=x") {
			t.Errorf("the last page was asked for without the query: %q", asked)
		}
	}
}

// TestNextPageStaysWithTheService: an answer leads to no other host, and to nothing
// above the service's url.
func TestNextPageStaysWithTheService(t *testing.T) {
	w := newWorld(t)
	for _, next := range []string{
		"http://elsewhere.example.com/v1/list", "//elsewhere.example.com/v1/list", "https://" + w.host + "/v1/list", "/v2/list", "/v1", "../v2/list", "/v1/%2e%2e/v2", "/v1/..%2fv2",
		"http://user@" + w.host + "/v1/list", "file:///etc/passwd", "http://[", "javascript:alert(1)", "/v1/list?a=%zz",
	} {
		for _, by := range []string{`{"by":"url","next":"/next","items":"/items"}`, `{"by":"link","items":"/items"}`} {
			w.api.answer(func(out http.ResponseWriter, _ *http.Request) bool {
				out.Header().Set("Link", "<"+next+`>; rel="next"`)
				return jsonAnswer(200, string(types.Encode(map[string]any{"items": []any{1}, "next": next})))(out, nil)
			})
			_, err := w.do("http_get", `{"service":"http","path":"list","pages":`+by+`}`)
			if asked := w.api.answer(nil); err == nil || err.Code != types.Unavailable || len(asked) != 1 {
				t.Errorf("%s: %v, asked %q", next, err, asked)
			}
		}
	}
}

// TestBadPages: what does not go together is refused before anything is asked.
func TestBadPages(t *testing.T) {
	w := newWorld(t)
	w.service.Queries = []string{"/list", "/v1/*/search"}
	for in, want := range map[string]string{
		`{"by":"cursor","param":"p"}`:                          "pages by cursor needs next",
		`{"by":"cursor","next":"/n"}`:                          "pages by cursor needs param",
		`{"by":"page"}`:                                        "pages by page needs param",
		`{"by":"link","param":"p"}`:                            "param does not go with pages by link",
		`{"by":"page","param":"p","next":"/n"}`:                "next does not go with pages by page",
		`{"by":"link","first":1}`:                              "first does not go with pages by link",
		`{"by":"url","next":"n"}`:                              `"n" is not a JSON pointer`,
		`{"by":"link","items":"n"}`:                            `"n" is not a JSON pointer`,
		`{"by":"cursor","next":"","param":"p","items":"/a~0"}`: "",
	} {
		err := w.step("http_get").CheckArguments([]byte(`{"service":"http","path":"list","pages":`+in+`}`), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
	for path, want := range map[string]string{
		"list": "", "/list": "", "v1/a%2Fb/search": "", "list/": "POST /list/ of service http", "lists": "this site does not say that POST /lists of service http only reads", "v1//search": "does not say", "v1/a/b/search": "does not say", "LIST": "does not say",
	} {
		err := w.step("http_query").CheckArguments([]byte(`{"service":"http","path":"`+path+`"}`), nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	link := `{"service":"http","path":"list","pages":{"by":"link"}}`
	if err := w.step("http_query").CheckArguments([]byte(link), nil); err == nil || !strings.Contains(err.Error(), "pages by link do not go with http_query") {
		t.Error(err)
	}
	if _, err := w.do("http_query", `{"service":"http","path":"things"}`); err == nil || err.Code != types.BadInput || len(w.api.asked) > 0 {
		t.Errorf("it was asked: %v %q", err, w.api.asked)
	}
}
