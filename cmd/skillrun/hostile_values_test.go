package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"github.com/skillrun/skillrun/engine/types"
)

// hostileValues are texts that some language, header, path or shell takes for more
// than a text, each on its own and behind what may change its meaning.
func hostileValues() (out []string) {
	before := []string{"", "a", "-", "--flag=", "../", "/", "@", "\n", " "}
	texts := []string{
		`"`, `'`, `\`, "x\ny", "x\r\nX-Admin: 1", "$(touch CANARY)", "`touch CANARY`", "; touch CANARY", "| touch CANARY", "&& touch CANARY",
		"$HOME", "${PATH}", "${{ inputs.v }}", "%{{ if true }}x%{{ end }}", "{{ 1 + 1 }}", "%s%n%d", "%00", "a\x00b", "\x1b[31mred\x1b[0m\x07", "\u202egnp.exe",
		"\u2028", "📦 für", "../../etc/passwd", "..%2f..%2fetc", "?a=1&b=2#c", "<script>alert(1)</script>", "' OR 1=1 --", "null", "1e400", `{"a":[1]}`,
		"--- !!x &a *a", "\tx\t", "\uFEFFx", "x ",
	}
	for _, b := range before {
		for _, text := range texts {
			out = append(out, b+text)
		}
	}
	return append(out, strings.Repeat("0123456789abcdef", 1<<16))
}

// sinks are the bodies of step types, one for each place that an input can go to,
// and what their outputs read: the value as it arrived.
var sinks = map[string]string{
	"exec_argument": `effect: read
exec: {program: printf, args: ["%s", "${{ inputs.v }}"], max_output: 1048576}|steps.exec.stdout`,
	"exec_variable": `effect: read
exec: {program: printenv, args: [V], env: {V: "${{ inputs.v }}"}, max_output: 1048576}|trim_suffix(steps.exec.stdout, "\n")`,
	"exec_stdin": `effect: read
exec: {program: cat, stdin: "${{ inputs.v }}", max_output: 1048576}|steps.exec.stdout`,
	"exec_parsed": `effect: read
exec: {program: cat, stdin: "${{ json({'v': inputs.v}) }}", parse: json, max_output: 1048576}|as(steps.exec.value ?? 0, "{v: string}").v`,
	"exec_find": `effect: write
exec: {program: touch, args: [CANARY], find: {program: printf, args: ["%s", "${{ inputs.v }}"]}, max_output: 1048576}|steps.exec.stdout`,
	"exec_script": `effect: read
exec: {program: sh, shell: true, script: 'test "$1" = "$V" && printf %s "$V"', args: ["${{ inputs.v }}"], env: {V: "${{ inputs.v }}"}, max_output: 1048576}|steps.exec.stdout`,
	"exec_script_find": `effect: write
exec: {program: touch, args: [CANARY], shell: true, env: {V: "${{ inputs.v }}"}, find: {program: sh, script: 'printf %s "$V"'}, max_output: 1048576}|steps.exec.stdout`,
	"http_asked": `effect: read
http: {path: echo, query: {v: "${{ inputs.v }}"}}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_path": `effect: read
http: {path: "path/${{ url_encode(inputs.v) }}"}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_raw_path": `effect: read
http: {path: "path/${{ inputs.v }}"}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_header": `effect: read
http: {path: echo, headers: {X-V: "${{ inputs.v }}"}}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_posted_query": `effect: read
http: {method: POST, path: query, json: {v: "${{ inputs.v }}"}}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_json": `effect: write
http: {method: POST, path: echo, json: {v: "${{ inputs.v }}"}, max_body: 4194304}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_form": `effect: write
http: {method: POST, path: echo, form: {v: "${{ inputs.v }}"}, max_body: 4194304}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_multipart": `effect: write
http: {method: POST, path: echo, multipart: [{name: v, content: "${{ inputs.v }}"}], max_body: 4194304}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_filename": `effect: write
http: {method: POST, path: file, multipart: [{name: v, content: x, filename: "x${{ inputs.v }}"}]}|as(steps.http.json ?? 0, "{v: string}").v[1:]`,
	"http_body": `effect: write
http: {method: POST, path: body, body: "${{ inputs.v }}", max_body: 4194304}|as(steps.http.json ?? 0, "{v: string}").v`,
	"http_find": `effect: write
http: {method: POST, path: canary, find: {path: list, query: {v: "${{ inputs.v }}"}, has: {v: "${{ inputs.v }}"}}, max_body: 4194304}|as(steps.http.json ?? 0, "{v: string}").v`,
	"composite": `effect: read
steps:
  - {id: one, set: {v: "${{ inputs.v }}"}}
  - {id: two, uses: exec_stdin, with: {v: "${{ steps.one.v }}"}}|steps.two.v`,
}

// mirror answers with the value that it was sent, wherever it stood.
func mirror(t *testing.T) http.Handler {
	says := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := map[string]string{}
		switch kind := r.Header.Get("Content-Type"); {
		case r.URL.Path == "/canary":
			t.Error("a request was sent whose effect was there")
		case r.URL.Path == "/list":
			says(w, []any{map[string]any{"v": 1}, map[string]any{"v": r.URL.Query().Get("v")}})
			return
		case r.URL.Path == "/body":
			var b bytes.Buffer
			_, _ = b.ReadFrom(r.Body)
			v["v"] = b.String()
		case strings.HasPrefix(r.URL.Path, "/path/") && r.URL.RawQuery == "":
			v["v"] = strings.TrimPrefix(r.URL.Path, "/path/")
		case r.URL.Path == "/file":
			_, f, err := r.FormFile("v")
			if err == nil {
				v["v"] = f.Filename
			}
		case kind == "application/json":
			_ = json.NewDecoder(r.Body).Decode(&v)
		case strings.HasPrefix(kind, "multipart/"), kind != "":
			v["v"] = r.PostFormValue("v")
		case r.URL.Query().Has("v"):
			v["v"] = r.URL.Query().Get("v")
		default:
			v["v"] = r.Header.Get("X-V")
		}
		says(w, v)
	})
}

// TestHostileValues: whatever is handed to a step type of a file arrives byte for byte
// and does nothing, or is refused with a code, in every place that it can go to. All
// values are SKILLRUN_SWEEP=full, a part of them ci, else some; the long one is always
// there.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it runs thousands of programs")
	}
	bin, err := sweepable()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(mirror(t))
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conf := write("skillrun.yaml", fmt.Sprintf("services: {http: {url: %q, queries: [/query]}}\npolicy: {confirm: never, exec: [cat, printenv, printf, sh, touch]}\n", srv.URL))
	for name, body := range sinks {
		body, reads, _ := strings.Cut(body, "|")
		write("steps/"+name+".yaml", fmt.Sprintf("name: %s\ndoc: Take a value.\ninputs: {v: {type: string, required: true, description: It.}}\n%s\noutputs: {v: {type: string, description: It., value: '${{ %s }}'}}\n", name, body, reads))
		write(name+"_all.yaml", fmt.Sprintf(`name: %s_all
inputs: {values: {type: array, items: {type: object, properties: {n: {type: integer, required: true}, json: {type: string, required: true}}}, required: true}}
steps:
  - id: each
    for_each: inputs.values
    key: item.n
    max_parallel: 8
    steps:
      - id: tried
        steps:
          - {id: one, uses: %s, with: {v: "${{ item.json == 'long' ? repeat('0123456789abcdef', 65536) : as(from_json(item.json), 'string') }}"}}
        rescue:
          - {id: failed, set: {code: "${{ error.code }}"}}
outputs: {came: "${{ map(steps.each, ({'v': json(.one?.v ?? ''), 'code': .failed?.code ?? ''})) }}"}
`, name, name))
	}
	values := hostileValues()
	if len(values) < 300 {
		t.Fatalf("there are only %d values", len(values))
	}
	values = someOf(values)
	var in []any
	for n, v := range values {
		text := escaped(string(types.Encode(v)))
		if len(v) == 1<<20 { // an input has less
			text = "long"
		}
		in = append(in, map[string]any{"n": n, "json": text})
	}
	inputs := write("inputs.json", string(types.Encode(map[string]any{"values": in})))
	for name := range sinks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out, log bytes.Buffer
			c := exec.CommandContext(t.Context(), bin, "run", filepath.Join(dir, name+"_all.yaml"), "--input-file", inputs, "--config", conf, "--output", "json")
			c.Dir, c.Stdout, c.Stderr, c.Env = t.TempDir(), &out, &log, []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
			if err := c.Run(); err != nil {
				t.Fatalf("%v\n%s%s", err, tailOf(out.String()), tailOf(log.String()))
			}
			var got struct {
				Outputs struct{ Came []struct{ V, Code string } }
			}
			if err := json.Unmarshal(out.Bytes(), &got); err != nil || len(got.Outputs.Came) != len(values) {
				t.Fatalf("%d of %d: %v", len(got.Outputs.Came), len(values), err)
			}
			refused := 0
			for n, came := range got.Outputs.Came {
				var v string
				if came.Code != "" {
					refused++
				} else if err := json.Unmarshal([]byte(came.V), &v); err != nil || v != values[n] {
					t.Errorf("%q arrived as %q", types.Clip(values[n]), types.Clip(came.V))
				}
			}
			if sweeping() == "full" && refused > len(values)*2/3 && name != "http_raw_path" {
				t.Errorf("%d of %d are refused: nothing is seen of the others", refused, len(values))
			}
			if canaries, _ := filepath.Glob(filepath.Join(c.Dir, "CANARY*")); len(canaries) > 0 {
				t.Error("something ran that the file did not name")
			}
			t.Logf("%d arrived, %d were refused", len(values)-refused, refused)
		})
	}
}

// someOf are as many values as there is time for, the last one always.
func someOf(values []string) (out []string) {
	every := map[string]int{"full": 1, "ci": 3}[sweeping()]
	if every == 0 {
		every = 120
	}
	for i := (len(values) - 1) % every; i < len(values); i += every {
		out = append(out, values[i])
	}
	return out
}

// escaped is a JSON text without characters that are refused in a file.
func escaped(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r < unicode.MaxASCII {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

func tailOf(text string) string { return text[max(0, len(text)-2000):] }
