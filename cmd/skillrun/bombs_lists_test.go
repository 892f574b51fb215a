package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// listBombs are lists whose pages are each within the limits, and texts that cost
// far more than they are.
func listBombs(host string) []bomb {
	asked := func(name, path, service, step, says string) bomb {
		return bomb{name: name, args: "run ./skill.yaml --yes --config conf.yaml", says: says,
			conf: "services:\n  x: {url: \"" + host + path + "\", timeout: 10s, token: \"env:TOKEN\", " + service + "}\n",
			file: skillOf("steps:\n  - {id: a, " + step + "}\n")}
	}
	get := func(name, path, says string) bomb {
		return asked(name, "", "kind: http", "uses: http_get, with: {service: x, path: "+path+", max_body: 10485760}", says)
	}
	image := func(name, repository, says string) bomb {
		return asked(name, "", "kind: quay, api: oci, user: u", "uses: quay_get_tag, with: {service: x, repository: "+repository+"/b, tag: c}", says)
	}
	const all = "the answers are more than 64 MiB in total"
	gitlab := "project: a/b, source_branch: s, target_branch: t, title: t"
	return []bomb{
		get("an answer of control characters", "/list/controls", "control characters"),
		get("an answer of names", "/list/names", "the answer has more than"),
		get("an answer that inflates to nothing", "/list/hollow", "the answer is larger compressed than decompressed"),
		get("an answer of blocks of nothing", "/list/blocks", "the answer is larger compressed than decompressed"),
		image("ways to show who we are, none of them one", "junk", "its 401 names no way"),
		image("a way to show who we are with many words", "words", "its 401 names no way"),
		image("scopes without an end", "scopes", "error"),
		asked("merge requests with long titles", "/list", "kind: gitlab", "uses: gitlab_mr_list, with: {service: x, project: a/b, limit: 10000}", all),
		asked("merge requests before one is opened", "/list", "kind: gitlab", "uses: gitlab_mr_create, with: {service: x, "+gitlab+"}", "error"),
		asked("issues with long summaries", "/list", "kind: jira, deployment: datacenter", "uses: jira_search, with: {service: x, jql: a = b, limit: 1000}", all),
		asked("messages without an end", "/list", "kind: slack", "uses: slack_post_message, with: {service: x, channel: C0123456, text: t}", all),
	}
}

// serveLists answers them.
func serveLists(mux *http.ServeMux) {
	text := func(path, kind string, say func(w io.Writer, req *http.Request)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Type", kind)
			say(w, req)
		})
	}
	const json = "application/json"
	text("/list/controls", "text/plain", func(w io.Writer, _ *http.Request) { io.WriteString(w, repeated(10<<20, "\x01")) })
	text("/list/names", json, func(w io.Writer, _ *http.Request) {
		io.WriteString(w, "{"+many(700_000, func(i int) string { return fmt.Sprintf("\"%x\":1,", i) })+"\"z\":1}")
	})
	hollow := func(path, begin, part string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, err := io.WriteString(w, begin)
			for part := repeated(3000, part); err == nil; {
				_, err = io.WriteString(w, part)
			}
		})
	}
	var empty bytes.Buffer
	gzip.NewWriter(&empty).Close()
	hollow("/list/hollow", "", empty.String())
	hollow("/list/blocks", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "\x00\x00\x00\xff\xff")
	mux.HandleFunc("/v2/", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("WWW-Authenticate", map[string]string{
			"junk":  repeated(500_000, ";,"),
			"words": "Strange a=b" + repeated(200_000, ",a=b"),
			"scopes": "Bearer realm=\"http://" + req.Host + "/v2/token\",scope=\"" +
				many(40_000, func(i int) string { return fmt.Sprintf("repository:%x:pull ", i) }) + "\"",
		}[strings.Split(req.URL.Path, "/")[2]])
		w.WriteHeader(http.StatusUnauthorized)
	})
	text("/list/api/v4/projects/", json, func(w io.Writer, req *http.Request) {
		page := 1
		fmt.Sscan(req.URL.Query().Get("page"), &page)
		w.(http.ResponseWriter).Header().Set("X-Next-Page", fmt.Sprint(page+1))
		io.WriteString(w, "["+strings.TrimSuffix(many(100, func(i int) string {
			return fmt.Sprintf(`{"iid":%d,"state":"opened","title":"%s"},`, page*100+i, repeated(90<<10, "t"))
		}), ",")+"]")
	})
	text("/list/rest/api/", json, func(w io.Writer, req *http.Request) {
		n := 0
		fmt.Sscan(req.URL.Query().Get("startAt"), &n)
		fmt.Fprintf(w, `{"startAt":%d,"total":1000000000,"issues":[{"id":"1","key":"AAP-%d","fields":{"summary":"%s"}}]}`, n, n+1, repeated(9<<20, "s"))
	})
	text("/list/api/", json, func(w io.Writer, _ *http.Request) {
		io.WriteString(w, `{"ok":true,"has_more":true,"response_metadata":{"next_cursor":"same"},"messages":[`+strings.TrimSuffix(many(200, func(i int) string {
			return fmt.Sprintf(`{"ts":"9999999999.%d","metadata":{"event_type":"x","event_payload":{"x":"%s"}}},`, i, repeated(40<<10, "p"))
		}), ",")+"]}")
	})
}
