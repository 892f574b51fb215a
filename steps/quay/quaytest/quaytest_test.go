package quaytest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/skillrun/skillrun/steps/quay/quaytest"
)

func server() (*quaytest.Server, *[]int) {
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	end, later := start.Add(24*time.Hour), start.Add(72*time.Hour)
	var log []int
	return quaytest.New(quaytest.Options{
		Token: "t",
		Now:   func() time.Time { return start.Add(48 * time.Hour) },
		Log:   func(_, _ string, status int) { log = append(log, status) },
		Repositories: map[string][]quaytest.Tag{"a/b": {
			{Name: "v1", Digest: "sha256:1", Start: start, Expires: &end, Size: 5},
			{Name: "v1", Digest: "sha256:2", Start: end, Expires: &later, Size: 6},
			{Name: "v10", Digest: "sha256:3", Start: start.Add(time.Hour)},
		}},
	}), &log
}

func ask(t *testing.T, s http.Handler, method, target string) (int, map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	var body map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return w.Code, body
}

func TestHistory(t *testing.T) {
	t.Parallel()
	v1dead := map[string]any{
		"name": "v1", "reversion": false, "manifest_digest": "sha256:1", "is_manifest_list": false, "size": 5.0,
		"start_ts": 1735689600.0, "end_ts": 1735776000.0,
		"last_modified": "Wed, 01 Jan 2025 00:00:00 -0000", "expiration": "Thu, 02 Jan 2025 00:00:00 -0000",
	}
	v1 := map[string]any{
		"name": "v1", "reversion": false, "manifest_digest": "sha256:2", "is_manifest_list": false, "size": 6.0,
		"start_ts": 1735776000.0, "end_ts": 1735948800.0,
		"last_modified": "Thu, 02 Jan 2025 00:00:00 -0000", "expiration": "Sat, 04 Jan 2025 00:00:00 -0000",
	}
	v10 := map[string]any{
		"name": "v10", "reversion": false, "manifest_digest": "sha256:3", "is_manifest_list": true, "size": nil,
		"start_ts": 1735693200.0, "last_modified": "Wed, 01 Jan 2025 01:00:00 -0000",
	}
	for q, want := range map[string]map[string]any{
		"":                                    {"tags": []any{v1, v10, v1dead}, "page": 1.0, "has_additional": false},
		"?specificTag=v1":                     {"tags": []any{v1, v1dead}, "page": 1.0, "has_additional": false},
		"?specificTag=v1&onlyActiveTags=true": {"tags": []any{v1}, "page": 1.0, "has_additional": false},
		"?specificTag=v2":                     {"tags": []any{}, "page": 1.0, "has_additional": false},
		"?filter_tag_name=eq:v10":             {"tags": []any{v10}, "page": 1.0, "has_additional": false},
		"?filter_tag_name=like:v1&limit=2":    {"tags": []any{v1, v10}, "page": 1.0, "has_additional": true},
		"?limit=2&page=2":                     {"tags": []any{v1dead}, "page": 2.0, "has_additional": false},
		"?limit=100&page=9":                   {"tags": []any{}, "page": 9.0, "has_additional": false},
	} {
		s, _ := server()
		status, got := ask(t, s, "GET", "/api/v1/repository/a/b/tag/"+q)
		if diff := cmp.Diff(want, got); status != 200 || diff != "" {
			t.Errorf("%s: %d %s", q, status, diff)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s, log := server()
	for _, c := range []struct {
		method, path string
		status       int
		detail       string
	}{
		{"GET", "/api/v1/repository/a/b/tag/?limit=101", 400, `query parameter limit is refused: "101" is not between 1 and 100`},
		{"GET", "/api/v1/repository/a/b/tag/?page=0", 400, `query parameter page is refused: "0" is not between 1 and 1048576`},
		{"GET", "/api/v1/repository/a/b/tag/?tag=v1", 400, "query parameter tag is refused: is not known"},
		{"GET", "/api/v1/repository/a/b/tag/?filter_tag_name=v1", 400, `query parameter filter_tag_name is refused: "v1" is neither eq:NAME nor like:NAME`},
		{"GET", "/api/v1/repository/b/tag/", 404, "Not Found"},
		{"GET", "/api/v1/repository/a/b", 404, "Not Found"},
		{"POST", "/api/v1/repository/a/b/tag/", 405, "The method is not allowed for the requested URL."},
	} {
		status, body := ask(t, s, c.method, c.path)
		if status != c.status || body["detail"] != c.detail {
			t.Errorf("%s %s: %d %v", c.method, c.path, status, body["detail"])
		}
	}
	if diff := cmp.Diff([]int{400, 400, 400, 400, 404, 404, 405}, *log); diff != "" {
		t.Error(diff)
	}
}
