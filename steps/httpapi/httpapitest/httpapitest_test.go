package httpapitest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/steps/httpapi/httpapitest"
)

func TestServer(t *testing.T) {
	var items []map[string]any
	for i := range 5 {
		items = append(items, map[string]any{"title": fmt.Sprint("t", i), "open": i != 2})
	}
	api := httpapitest.API{
		Token:       "t",
		Collections: map[string][]map[string]any{"/v1/things": items},
		Responses:   []httpapitest.Response{{Path: "/v1/health", Query: map[string]string{"deep": "1"}, Status: 503, Text: "ill", Headers: map[string]string{"Retry-After": "3"}}},
	}
	s := httpapitest.New(api)
	for _, c := range []struct{ request, body, key, want string }{
		{"GET /v1/things?open=true&per_page=2&page=2", "", "", `200 [{"id":4,"open":true,"title":"t3"},{"id":5,"open":true,"title":"t4"}]`},
		{"GET /v1/things?title=t2", "", "", `200 [{"id":3,"open":false,"title":"t2"}]`},
		{"GET /v1/things/3", "", "", `200 {"id":3,"open":false,"title":"t2"}`},
		{"GET /v1/things/9", "", "", `404 {"message":"404 Not Found"}`},
		{"POST /v1/things", `{"title":"new"}`, "k", `201 {"id":6,"title":"new"}`},
		{"POST /v1/things", `{"title":"other"}`, "k", `201 {"id":6,"title":"new"}`},
		{"POST /v1/things", `[]`, "", `400 {"message":"the body is not a JSON object"}`},
		{"PATCH /v1/things/6", `{"open":true}`, "", `200 {"id":6,"open":true,"title":"new"}`},
		{"PUT /v1/things/6", `{"title":"last"}`, "", `200 {"id":6,"title":"last"}`},
		{"DELETE /v1/things/1", "", "", `204 `},
		{"DELETE /v1/things", "", "", `405 {"message":"405 Method Not Allowed"}`},
		{"GET /v1/health?deep=1", "", "", `503 ill`},
		{"GET /v1/health", "", "", `404 {"message":"404 Not Found"}`},
	} {
		if got, _ := ask(s, c.request, c.body, c.key, "t"); got != c.want {
			t.Errorf("%s: %s, want %s", c.request, got, c.want)
		}
	}
	if got, _ := ask(s, "GET /v1/things", "", "", ""); !strings.HasPrefix(got, "401") {
		t.Errorf("without a token: %s", got)
	}
	kept, err := s.Snapshot()
	again := httpapitest.New(api)
	if err != nil || again.Restore(kept) != nil {
		t.Fatal(err)
	}
	got, header := ask(again, "GET /v1/things?per_page=3", "", "", "t")
	if want := `200 [{"id":2,"open":true,"title":"t1"},{"id":3,"open":false,"title":"t2"},{"id":4,"open":true,"title":"t3"}]`; got != want {
		t.Errorf("after a restart %s", got)
	}
	if want := `<http://example.com/v1/things?page=2&per_page=3>; rel="next"`; header.Get("Link") != want || header.Get("X-Total") != "5" {
		t.Errorf("the next page is %v", header)
	}
	if got, _ := ask(again, "POST /v1/things", "{}", "k", "t"); got != `201 {"id":6,"title":"new"}` {
		t.Errorf("the key is forgotten: %s", got)
	}
}

func ask(s http.Handler, request, body, key, token string) (string, http.Header) {
	method, url, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	text, _ := io.ReadAll(w.Body)
	return strings.TrimSuffix(fmt.Sprint(w.Code, " ", string(text)), "\n"), w.Header()
}
