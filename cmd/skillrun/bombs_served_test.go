package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// servedBombs are commands that are answered by a hostile server. Only the answer
// that never comes ends by its time-out; the others have time enough for their
// limit on a busy machine.
func servedBombs(host string) []bomb {
	served := func(name, path, says string) bomb {
		return bomb{name: name, args: "run ./skill.yaml --config conf.yaml", says: says,
			conf: "services:\n  api: {kind: http, url: \"" + host + "\", timeout: " + map[bool]string{true: "1s", false: "10s"}[path == "drip"] + "}\n",
			file: skillOf("steps:\n  - {id: a, uses: http_get, with: {service: api, path: /" + path + ", max_body: 10485760}}\n")}
	}
	asked := func(name, conf, step, says string) bomb {
		return bomb{name: name, args: "run ./skill.yaml --config conf.yaml", says: says,
			conf: "services:\n  x: {url: \"" + host + "\", timeout: 10s, " + conf + "}\n", file: skillOf("steps:\n  - {id: a, " + step + "}\n")}
	}
	masked := func(name, path string) bomb {
		b := served(name, path, "done")
		b.conf, b.done = strings.Replace(b.conf, "kind: http", "kind: http, token: \"env:TOKEN\"", 1), true
		return b
	}
	jira := "kind: jira, deployment: datacenter, token: \"env:TOKEN\""
	gitlab := "kind: gitlab, token: \"env:TOKEN\""
	git := func(name, path, says string) bomb {
		return asked(name, "kind: git", "uses: git_read_file, with: {service: x, repo: \""+host+"/git/"+path+"\", path: f}", says)
	}
	below := func(prefix string, b bomb) bomb {
		b.conf = strings.ReplaceAll(b.conf, host, host+prefix)
		return b
	}
	return []bomb{
		served("an answer that inflates", "gzip", "larger than"),
		served("an answer without an end", "endless", "larger than"),
		served("an answer a byte at a time", "drip", "no answer in time"),
		served("headers without an end", "headers", "headers exceeded"),
		served("a million headers", "manyheaders", "headers exceeded"),
		served("a header without an end", "longheader", "headers exceeded"),
		served("redirects without an end", "again", "302"),
		served("a wait of years", "later", "503"),
		served("an answer of brackets", "deep", "the answer has more than"),
		served("an answer of small objects", "objects", "the answer has more than"),
		masked("lines that may be encoded", "text/encoded"),
		masked("a credential on every line", "text/credentials"),
		masked("a credential in every text", "texts"),
		asked("issues of nothing", jira, "uses: jira_search, with: {service: x, jql: a = b}", "the answer has more than"),
		asked("merge requests of nothing", gitlab, "uses: gitlab_mr_list, with: {service: x, project: a/b}", "the answer has more than"),
		asked("tags of nothing", "kind: quay", "uses: quay_get_tag, with: {service: x, repository: a/b, tag: c}", "the answer has more than"),
		served("as many values as there may be, and no end", "values", "should be JSON"),
		below("/most", asked("as many issues as there may be", jira, "uses: jira_search, with: {service: x, jql: a = b}", "an issue without a key")),
		below("/most", asked("as many merge requests as there may be", gitlab, "uses: gitlab_mr_list, with: {service: x, project: a/b}", "the answer is a page of")),
		below("/keyed", asked("a page of too many issues", jira, "uses: jira_search, with: {service: x, jql: a = b}", "the answer is a page of")),
		below("/lying", asked("pages of issues without an end", jira, "uses: jira_search, with: {service: x, jql: a = b}", "the answer has too many pages")),
		below("/lying", asked("a page that is the next one", gitlab, "uses: gitlab_mr_list, with: {service: x, project: a/b}", "names page 1 as the next")),
		git("references without an end", "refs", "a listing of more than 32 MiB"),
		git("abilities without an end", "able", "a listing of more than 32 MiB"),
		git("references of the old protocol without an end", "oldrefs", "a listing of more than 32 MiB"),
		git("a refusal without an end", "refusal", "error"),
		git("sections without an end", "shallow", "a listing of more than 32 MiB"),
		git("progress without an end", "progress", "beside a pack"),
		git("signs of life without an end", "alive", "beside a pack"),
		git("one object of gigabytes", "one", "an object of 3072 MiB"),
		git("an object that is larger than it says", "lies", "inflated"),
		git("many objects", "many", "a hundredth of that"),
		git("objects below the limit", "below", "error"),
		git("a chain of differences", "chain", "an object that is made of"),
		git("differences to one object", "siblings", "differences that make"),
		git("a long difference", "copies", "which is too large"),
		git("a difference that is longer than it says", "longer", "delta"),
		git("objects of nothing much", "tiny", "100000 objects, which are too many"),
		git("more objects than there may be", "count", "4000000000 objects, which are too many"),
		git("an object of nothing without an end", "empty", "an object that takes"),
	}
}

// bombServer serves them.
func bombServer(t *testing.T) string {
	mux := http.NewServeMux()
	endless := func(w io.Writer, text string) {
		for text := []byte(repeated(1+32<<10/len(text), text)); ; {
			if _, err := w.Write(text); err != nil {
				return
			}
		}
	}
	raw := func(path string, say func(w *bufio.Writer)) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			conn, rw, err := w.(http.Hijacker).Hijack()
			if err != nil {
				return
			}
			defer conn.Close()
			rw.WriteString("HTTP/1.1 200 OK\r\n")
			say(rw.Writer)
			rw.Flush()
		})
	}
	json := func(path, head, text string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, head+repeated(10<<20/len(text)-20, text)+strings.TrimSuffix(text, ",")+map[bool]string{true: "]}", false: "]"}[strings.HasPrefix(head, "{")])
		})
	}
	for path, line := range map[string]string{"/text/encoded": "Abcdefghijklmnopqrst\n", "/text/credentials": bombToken + "\n"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, repeated(4<<20/len(line), line))
		})
	}
	mux.HandleFunc("/gzip", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed)
		endless(z, " ")
	})
	mux.HandleFunc("/endless", func(w http.ResponseWriter, _ *http.Request) { endless(w, "x") })
	mux.HandleFunc("/drip", func(w http.ResponseWriter, req *http.Request) {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			select {
			case <-req.Context().Done():
				return
			case <-tick.C:
				io.WriteString(w, "x")
				w.(http.Flusher).Flush()
			}
		}
	})
	raw("/headers", func(w *bufio.Writer) { endless(w, "a: b\r\n") })
	raw("/longheader", func(w *bufio.Writer) { endless(w, "a") })
	raw("/manyheaders", func(w *bufio.Writer) {
		w.WriteString(many(1e6, func(i int) string { return fmt.Sprintf("%x:\r\n", i) }) + "\r\n")
	})
	mux.HandleFunc("/again", func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, "/again", http.StatusFound) })
	mux.HandleFunc("/later", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Retry-After", repeated(1000, "9"))
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/texts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "["+repeated(200_000, `"`+bombToken+`",`)+"1]")
	})
	json("/deep", "", "[")
	json("/objects", "[", "{},")
	json("/rest/api/2/search", `{"issues":[`, "{},")
	json("/api/v4/projects/a%2Fb/merge_requests", "[", "{},")
	json("/api/v4/projects/", "[", "{},")
	json("/values", "[[", "1,"+repeated(9, " "))
	json("/most/rest/api/2/search", `{"issues":[`, "{"+repeated(104, " ")+"},")
	json("/most/api/v4/projects/", "[", "{"+repeated(104, " ")+"},")
	json("/keyed/rest/api/2/search", `{"total":1000000,"issues":[`, `{"key":"AAP-1"`+repeated(104, " ")+"},")
	json("/api/v1/repository/", `{"tags":[`, "{},")
	mux.HandleFunc("/lying/rest/api/2/search", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"startAt":0,"total":1000000000,"issues":[{"id":"1","key":"AAP-1"}]}`)
	})
	mux.HandleFunc("/lying/api/v4/projects/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Next-Page", "1")
		io.WriteString(w, `[{"iid":1,"state":"opened"}]`)
	})
	serveLists(mux)
	mux.HandleFunc("/git/", serveGit(endless))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}

func pkt(text string) string { return fmt.Sprintf("%04x%s", len(text)+4, text) }

// serveGit speaks git's protocol as far as each bomb wants.
func serveGit(endless func(io.Writer, string)) http.HandlerFunc {
	tip := repeated(40, "1")
	packs := map[string]func() []byte{"one": oneObject, "lies": lyingObject, "many": manyObjects(100), "below": manyObjects(8),
		"chain": deltas(true, 100), "siblings": deltas(false, 100), "copies": longDelta(1 << 40), "longer": longDelta(large), "empty": emptyBlocks,
		"tiny": func() []byte { return tinyObjects(100_000) }, "count": func() []byte { return packed(4_000_000_000, tinyObjects(1000)) }}
	return func(w http.ResponseWriter, req *http.Request) {
		kind := strings.Split(req.URL.Path, "/")[2]
		body, _ := io.ReadAll(req.Body)
		greets, lists := req.Method == http.MethodGet, bytes.Contains(body, []byte("ls-refs"))
		switch {
		case kind == "refusal":
			w.WriteHeader(http.StatusForbidden)
			endless(w, "no ")
		case greets && kind == "oldrefs":
			io.WriteString(w, pkt("# service=git-upload-pack\n")+"0000"+pkt(tip+" HEAD\x00symref=HEAD:refs/heads/main\n"))
			for i := 0; req.Context().Err() == nil; i++ {
				io.WriteString(w, pkt(fmt.Sprintf("%s refs/heads/%09d\n", tip, i)))
			}
		case greets:
			io.WriteString(w, pkt("# service=git-upload-pack\n")+"0000"+pkt("version 2\n"))
			for i := 0; kind == "able" && req.Context().Err() == nil; i++ {
				io.WriteString(w, pkt(fmt.Sprintf("able%d=%d\n", i, i)))
			}
			io.WriteString(w, pkt("ls-refs\n")+pkt("fetch=shallow\n")+"0000")
		case lists:
			io.WriteString(w, pkt(tip+" HEAD symref-target:refs/heads/main\n")+pkt(tip+" refs/heads/main\n"))
			for i := 0; kind == "refs" && req.Context().Err() == nil; i++ {
				io.WriteString(w, pkt(fmt.Sprintf("%s refs/heads/%09d\n", tip, i)))
			}
			io.WriteString(w, "0000")
		case kind == "shallow":
			io.WriteString(w, pkt("shallow-info\n"))
			endless(w, pkt("shallow "+tip+"\n"))
		case kind == "progress":
			io.WriteString(w, pkt("packfile\n"))
			endless(w, pkt("\x02counting\n"))
		case kind == "alive":
			io.WriteString(w, pkt("packfile\n"))
			endless(w, "0005\x01")
		default:
			io.WriteString(w, pkt("packfile\n"))
			for text := packs[kind](); len(text) > 0; {
				n := min(len(text), 60000)
				io.WriteString(w, pkt("\x01"+string(text[:n])))
				text = text[n:]
			}
			io.WriteString(w, "0000")
		}
	}
}

// The types of a pack's entries.
const (
	packedBlob  = 3
	packedDelta = 6
)

// packed is a pack of so many entries.
func packed(n int, entries []byte) []byte {
	text := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("PACK"), 2), uint32(n))
	text = append(text, entries...)
	sum := sha1.Sum(text)
	return append(text, sum[:]...)
}

// entry is the head of one.
func entry(kind, size int) []byte {
	head := []byte{byte(kind<<4 | size&15)}
	for size >>= 4; size > 0; size >>= 7 {
		head[len(head)-1] |= 0x80
		head = append(head, byte(size&127))
	}
	return head
}

// back is how far before an entry the one is that it is the difference to.
func back(n int) []byte {
	text := []byte{byte(n & 127)}
	for n >>= 7; n > 0; n >>= 7 {
		n--
		text = append([]byte{byte(n&127) | 0x80}, text...)
	}
	return text
}

func deflated(text []byte) []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	z.Write(text)
	z.Close()
	return b.Bytes()
}

const large = 31 << 20

func oneObject() []byte { return packed(1, append(entry(packedBlob, 3<<30), deflated(nil)...)) }

func lyingObject() []byte {
	return packed(1, append(entry(packedBlob, 100), deflated(make([]byte, 64<<20))...))
}

// manyObjects are of zeros, each with an end of its own.
func manyObjects(n int) func() []byte {
	return func() []byte {
		var all []byte
		for i := range n {
			text := make([]byte, large)
			text[large-1] = byte(i)
			all = append(append(all, entry(packedBlob, large)...), deflated(text)...)
			if i >= 8 { // no one reads on
				break
			}
		}
		return packed(n, all)
	}
}

// deltas copy a large object, each the one before it or all the first.
func deltas(chain bool, n int) func() []byte {
	return func() []byte {
		all := append(entry(packedBlob, large), deflated(make([]byte, large))...)
		last := 0
		for i := range n {
			delta := binary.AppendUvarint(binary.AppendUvarint(nil, large), large)
			for range 2 { // 15 MiB and a bit, twice
				delta = append(delta, 0x80|0x70, 0, 0, 0xf0)
			}
			delta = append(delta, 0x80|0x70, 0xf0, 0xff, 0x0f, 16, byte(i), byte(i>>8), byte(i>>16))
			delta = append(delta, make([]byte, 13)...)
			at := len(all)
			if chain {
				all = append(append(all, entry(packedDelta, len(delta))...), back(at-last)...)
			} else {
				all = append(append(all, entry(packedDelta, len(delta))...), back(at)...)
			}
			all, last = append(all, deflated(delta)...), at
		}
		return packed(n+1, all)
	}
}

// longDelta is one that says it makes little and copies forever.
func longDelta(size uint64) func() []byte {
	all := append(entry(packedBlob, large), deflated(make([]byte, large))...)
	delta := binary.AppendUvarint(binary.AppendUvarint(nil, large), size)
	delta = append(delta, bytes.Repeat([]byte{0x80 | 0x70, 0xff, 0xff, 0xff}, 1<<16)...)
	at := len(all)
	all = append(append(all, entry(packedDelta, len(delta))...), back(at)...)
	return func() []byte { return packed(2, append(all, deflated(delta)...)) }
}

// tinyObjects are of three bytes each.
func tinyObjects(n int) []byte {
	var all []byte
	z := zlib.NewWriter(nil)
	for i := range n {
		var b bytes.Buffer
		z.Reset(&b)
		z.Write([]byte{byte(i), byte(i >> 8), byte(i >> 16)})
		z.Close()
		all = append(append(all, entry(packedBlob, 3)...), b.Bytes()...)
	}
	return packed(n, all)
}

// emptyBlocks is an object that is deflated to blocks with nothing in them.
func emptyBlocks() []byte {
	return packed(1, append(append(entry(packedBlob, 1), 0x78, 0x9c), bytes.Repeat([]byte{0, 0, 0, 0xff, 0xff}, 8<<20)...))
}
