package main

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/skillrun/skillrun/engine/mask"
	"github.com/skillrun/skillrun/engine/mask/masktest"
	"github.com/skillrun/skillrun/engine/types"
)

// probe is the credential that the services of these tests echo.
const probe = "glpat-Zx81_kQ/77fTq0+pLm2Vb"

// echoes are its encodings, each in a paragraph of its own.
func echoes() string {
	var b strings.Builder
	all := masktest.Encodings()
	for _, name := range types.SortedKeys(all) {
		fmt.Fprintf(&b, "%s: %s\n\n", name, all[name](probe))
	}
	return b.String()
}

// inOneLine are those that can stand in a header or a status.
func inOneLine() []string {
	var out []string
	all := masktest.Encodings()
	for _, name := range types.SortedKeys(all) {
		if text := all[name](probe); strings.IndexFunc(text, func(r rune) bool { return r > unicode.MaxASCII || unicode.IsControl(r) }) < 0 {
			out = append(out, text)
		}
	}
	return out
}

// parrot is an HTTP API that repeats the credential it was sent.
func parrot(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/body", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, echoes()) })
	mux.HandleFunc("/token", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": probe, "token_type": "Bearer"})
	})
	mux.HandleFunc("/json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"echo": echoes(), probe: []string{probe}, "lines": strings.SplitAfter(probe, "_")})
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, strings.Repeat("filler of a blob\n", 30000), echoes())
	})
	mux.HandleFunc("/parts", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, probe[:9]+" and then "+probe[9:18]+" and then "+probe[18:])
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) {
		for i, text := range inOneLine() {
			w.Header().Set(fmt.Sprintf("X-Echo-%d", i), text)
		}
	})
	mux.HandleFunc("/refusal", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, echoes())
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprintf(conn, "HTTP/1.1 429 %s\r\nContent-Length: 0\r\nRetry-After: %s\r\n\r\n", strings.Join(inOneLine(), " "), probe)
			conn.Close()
		}
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// gitParrot is git itself, with a hook that repeats the credential, over a
// repository in which it is committed.
func gitParrot(t *testing.T) string {
	t.Helper()
	where, err := exec.Command("git", "--exec-path").Output()
	if err != nil {
		t.Skip("no git binary")
	}
	root := t.TempDir()
	script := `set -e
git init -q -b main work
cd work
cp ../leak.yaml .
git add . && git -c user.name=x -c user.email=x@example.com commit -qm 'Leak'
git clone -q --bare . ../leak.git
cd ../leak.git
git config http.receivepack true
printf '#!/bin/sh\ncat %s/echoes >&2\nexit 1\n' "$PWD/.." > hooks/pre-receive
chmod 700 hooks/pre-receive`
	quoted, _ := json.Marshal(echoes())
	for name, text := range map[string]string{"echoes": echoes(), "leak.yaml": "echo: " + string(quoted) + "\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command("sh", "-c", script)
	c.Dir, c.Env = root, append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	server := httptest.NewServer(&cgi.Handler{
		Path: filepath.Join(strings.TrimSpace(string(where)), "git-http-backend"), Dir: root, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
		Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=bot", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1"},
	})
	t.Cleanup(server.Close)
	return server.URL
}

// leaks are skills that get the credential back, by where it stands.
var leaks = map[string]string{
	"body":    "steps:\n  - {id: a, uses: http_get, with: {path: body}}\n  - {id: say, uses: log, with: {message: \"${{ steps.a.body }}\"}}\noutputs: {summary: \"${{ steps.a.body }}\"}\n",
	"json":    "steps:\n  - {id: a, uses: http_get, with: {path: json}}\noutputs: {all: \"${{ steps.a.json }}\"}\n",
	"blob":    "steps:\n  - {id: a, uses: http_get, with: {path: large}}\noutputs: {all: \"${{ steps.a.body }}\"}\n",
	"header":  "steps:\n  - {id: a, uses: http_get, with: {path: header}}\noutputs: {all: \"${{ steps.a.headers }}\"}\n",
	"refused": "steps:\n  - {id: a, uses: http_get, with: {path: refusal}}\n",
	"rescued": "steps:\n  - id: g\n    steps: [{id: a, uses: http_get, with: {path: refusal}}]\n    rescue: [{id: f, fail: \"it said ${{ error.message }}\"}]\n",
	"status":  "steps:\n  - {id: a, uses: http_get, with: {path: status}}\n",
	"exec":    "steps:\n  - {id: a, uses: exec_read, with: {program: cat, args: [ECHOES], max_output: 1048576}}\noutputs: {all: \"${{ steps.a.stdout }}\"}\n",
	"stderr":  "steps:\n  - {id: a, uses: exec_read, with: {program: cat, args: [ECHOES, /nowhere], max_output: 1048576}}\n",
	"env":     "steps:\n  - {id: a, uses: exec_read, with: {program: env, pass_env: [PROBE]}}\noutputs: {all: \"${{ steps.a.stdout }}\"}\n",
	"yaml": "steps:\n  - {id: r, uses: git_read_file, with: {repo: \"GIT/leak.git\", path: leak.yaml}}\n  - {id: c, uses: git_checkout, with: {repo: \"GIT/leak.git\", commit: \"${{ steps.r.commit }}\", paths: [leak.yaml]}}\n" +
		"  - {id: a, uses: yaml_get, with: {workspace: \"${{ steps.c.workspace }}\", file: leak.yaml, jsonpath: $.echo}}\noutputs: {all: \"${{ steps.a.value }}\", file: \"${{ steps.r.text }}\"}\n",
	"sideband": "steps:\n  - {id: r, uses: git_read_file, with: {repo: \"GIT/leak.git\", path: leak.yaml}}\n  - {id: c, uses: git_checkout, with: {repo: \"GIT/leak.git\", commit: \"${{ steps.r.commit }}\", paths: [leak.yaml]}}\n" +
		"  - {id: w, uses: workspace_write, with: {workspace: \"${{ steps.c.workspace }}\", path: leak.yaml, text: new}}\n" +
		"  - {id: b, uses: git_branch_create, with: {workspace: \"${{ steps.c.workspace }}\", branch: new}}\n  - {id: m, uses: git_commit, with: {workspace: \"${{ steps.c.workspace }}\", message: New}}\n" +
		"  - {id: p, uses: git_push, with: {workspace: \"${{ steps.c.workspace }}\"}}\n",
}

// secretive are skills that are given the credential as a secret of the site, and pass
// it on to what says it.
var secretive = map[string]string{
	"variable": "  - {id: a, uses: exec_read, with: {program: env, secret_env: {P: \"${{ secrets.probe }}\"}}}\noutputs: {all: \"${{ steps.a.stdout }}\"}\n",
	"stdin":    "  - {id: a, uses: exec, with: {program: cat, secret_stdin: \"${{ secrets.probe }}\"}}\noutputs: {all: \"${{ steps.a.stdout }}\"}\n",
	"header":   "  - {id: a, uses: http_get, with: {service: open, path: json, secret_headers: {X-Key: \"${{ secrets.probe }}\"}}}\noutputs: {all: \"${{ steps.a.json }}\"}\n",
	"refused":  "  - {id: a, uses: http_request, with: {service: open, method: POST, path: refusal, bearer: \"${{ secrets.probe }}\"}}\n",
}

// made is a skill whose read returns a secret that no configuration knows, with all its
// encodings beside it.
const made = "steps:\n  - {id: a, uses: exec_read, with: {program: cat, args: [MADE], max_output: 1048576, secret: {token: stdout.token}}}\n" +
	"  - {id: b, uses: exec, with: {program: cat, secret_stdin: \"${{ steps.a.secret.token }}\"}}\n" +
	"  - {id: c, uses: exec, with: {program: sh, args: [/nowhere], secret_env: {P: \"${{ steps.a.secret.token }}\"}, expect: [2, 127]}}\n" +
	"outputs: {all: \"${{ steps.a.stdout }}\", b: \"${{ steps.b.stdout }}\"}\n"

// parts begins the skills that get the credential in parts, and put it together.
const parts = "steps:\n  - {id: p, uses: http_get, with: {path: parts}}\n  - {id: a, set: {x: \"${{ replace(steps.p.body, ' and then ', '') }}\"}}\n"

// joined are such skills, by what they do with it, and what is said then.
var joined = map[string]struct{ rest, says string }{
	"log":    {"  - {id: l, uses: log, with: {message: \"so: ${{ steps.a.x }}\"}}\n", "the step's arguments contain the credential of a service"},
	"write":  {"  - {id: l, uses: http_request, with: {method: POST, path: parts, body: \"${{ steps.a.x }}\"}}\n", "the step's arguments contain the credential of a service"},
	"exec":   {"  - {id: l, uses: exec, with: {program: echo, args: [\"${{ steps.a.x }}\"]}}\n", "the step's arguments contain the credential of a service"},
	"fail":   {"  - {id: l, fail: \"so: ${{ steps.a.x }}\"}\n", "so: ‹secret›"},
	"assert": {"  - {id: l, assert: \"steps.a.x == ''\", message: \"so: ${{ steps.a.x }}\"}\n", "so: ‹secret›"},
	"ask":    {"  - {id: l, approve: \"so: ${{ steps.a.x }}\", show: \"${{ steps.a.x }}\"}\n", "so: ‹secret›"},
	"loop":   {"  - {id: l, for_each: \"[steps.a.x]\", as: i, uses: log, with: {message: well}}\n", "holds the credential of a service"},
	"output": {"outputs: {all: \"${{ steps.a.x }}\"}\n", "‹secret›"},
}

// TestNoCredentialComesOut: whatever says the credential, in whatever encoding,
// it is nowhere that someone could read it.
func TestNoCredentialComesOut(t *testing.T) {
	t.Parallel()
	api, repos := parrot(t), gitParrot(t)
	for name, skill := range leaks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"PROBE": probe, "PATH": os.Getenv("PATH")}}
			outside := filepath.Join(t.TempDir(), "echoes")
			if err := os.WriteFile(outside, []byte(echoes()), 0o600); err != nil {
				t.Fatal(err)
			}
			n := leaking(b, api, repos, strings.NewReplacer("GIT", repos, "ECHOES", outside).Replace(skill), func(args []string, r result) {
				if name == "sideband" && args[0] == "run" && len(args) == 3 && !strings.Contains(r.log, "hook declined: ") {
					t.Errorf("no hook spoke: %s", r.log)
				}
			})
			if n < 4 {
				t.Errorf("only %d credentials were masked: nothing said them", n)
			}
		})
	}
	for name, skill := range secretive {
		t.Run("a secret as "+name, func(t *testing.T) {
			t.Parallel()
			b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"PROBE": probe, "PATH": os.Getenv("PATH")}}
			if n := leaking(b, api, repos, "secrets: {probe: {description: The credential}}\nsteps:\n"+skill, func([]string, result) {}); n < 4 {
				t.Errorf("only %d credentials were masked: nothing said them", n)
			}
		})
	}
	t.Run("an access token", func(t *testing.T) {
		t.Parallel()
		b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"CLIENT": "the-secret-of-the-client", "PATH": os.Getenv("PATH")}}
		const skill = "steps:\n  - {id: a, uses: http_get, with: {service: minted, path: json}}\n  - {id: b, uses: http_request, with: {service: minted, method: POST, path: refusal}, on_error: continue}\noutputs: {all: \"${{ steps.a.json }}\"}\n"
		if n := leaking(b, api, repos, skill, func([]string, result) {}); n < 4 {
			t.Errorf("only %d credentials were masked: nothing said them", n)
		}
	})
	t.Run("a secret that was read", func(t *testing.T) {
		t.Parallel()
		b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"PATH": os.Getenv("PATH")}}
		file := filepath.Join(t.TempDir(), "made")
		text, _ := json.Marshal(map[string]string{"token": probe, "echo": echoes()})
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		n := leaking(b, api, repos, strings.ReplaceAll(made, "MADE", file), func(args []string, r result) {
			if args[0] == "run" && len(args) == 3 && (r.code != 0 || !strings.Contains(r.out, "b: ‹secret›")) {
				t.Errorf("%d %s%s", r.code, r.out, r.log)
			}
		})
		if n < 4 {
			t.Errorf("only %d credentials were masked: nothing said them", n)
		}
	})
	for name, skill := range joined {
		t.Run("joined for "+name, func(t *testing.T) {
			t.Parallel()
			b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"PROBE": probe, "PATH": os.Getenv("PATH")}}
			leaking(b, api, repos, parts+skill.rest, func(args []string, r result) {
				if args[0] == "run" && len(args) == 3 && !strings.Contains(r.out+r.log, skill.says) {
					t.Errorf("it does not say %q: %s%s", skill.says, r.out, r.log)
				}
			})
		})
	}
}

// leaking runs a skill in every way, holds that nothing has the credential, and
// counts how often ‹secret› stands in its place.
func leaking(b *bench, api, repos, skill string, each func(args []string, r result)) (n int) {
	t := b.t
	for name, text := range map[string]string{
		"site.yaml": "services:\n  http: {url: '" + api + "', token: env:PROBE}\n  git: {url: '" + repos + "', user: bot, token: env:PROBE, author: 'x <x@example.com>'}\n" +
			"  open: {kind: http, url: '" + api + "'}\n  minted: {kind: http, url: '" + api + "', token_url: '" + api + "/token', user: bot, token: env:CLIENT}\nsecrets: {probe: env:PROBE}\n",
		"leak.yaml": "name: leak\n" + skill,
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"plan", "./leak.yaml"}, {"plan", "./leak.yaml", "--output", "json"}, {"plan", "./leak.yaml", "--out", "plan.json"},
		{"run", "./leak.yaml", "--yes"}, {"run", "./leak.yaml", "--yes", "--output", "json"}, {"run", "./leak.yaml", "--yes", "--output", "events"},
		{"runs"}, {"runs", "last"}, {"runs", "--output", "json"}, {"audit"}, {"doctor", "./leak.yaml"}, {"verify"}, {"undo", "last", "--yes"}, {"export", "last", "--plain", "--out", "run.skillrun"},
	} {
		r := b.run(append(args, "--config", "site.yaml")...)
		each(args, r)
		n += unsaid(t, strings.Join(args, " ")+", stdout", r.out) + unsaid(t, strings.Join(args, " ")+", stderr", r.log)
	}
	for _, dir := range []string{b.home, b.dir} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.Contains(path, "/.cache/") || strings.Contains(path, "/workspaces/") {
				return err // files of repositories are kept as they are
			}
			text, err := os.ReadFile(path)
			n += unsaid(t, path, string(text))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	return n
}

// unsaid holds that a text has the credential in no encoding, and counts how often
// ‹secret› stands in its place.
func unsaid(t *testing.T, where, text string) int {
	t.Helper()
	for name, encode := range masktest.Encodings() {
		said := encode(probe)
		quoted, _ := json.Marshal(said)
		if strings.Contains(text, said) || strings.Contains(text, strings.Trim(string(quoted), `"`)) {
			t.Errorf("%s has it as %s", where, name)
		}
	}
	if mask.New(types.NewSecret(probe)).Finds(text) {
		t.Errorf("%s still has it: %.2000s", where, text)
	}
	return strings.Count(text, "‹secret›")
}

// TestNoCredentialGoesIn: a run is refused whose inputs, configuration values or
// skill hold one, and a reason is kept without it; nothing says it.
func TestNoCredentialGoesIn(t *testing.T) {
	t.Parallel()
	b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"PROBE": probe}}
	for name, text := range map[string]string{
		"site.yaml":  "services: {http: {url: 'http://127.0.0.1:1', token: env:PROBE}}\nconfig: {v: 'x " + probe + "'}\n",
		"fine.yaml":  "services: {http: {url: 'http://127.0.0.1:1', token: env:PROBE}}\n",
		"in.yaml":    "name: in\ninputs: {t: {type: string, required: true}}\nsteps: [{id: l, approve: \"${{ inputs.t }}\"}]\n",
		"conf.yaml":  "name: conf\nconfig: {v: {type: string, required: true}}\nsteps: [{id: l, uses: log, with: {message: \"${{ config.v }}\"}}]\n",
		"skill.yaml": "name: skill\nsteps: [{id: l, uses: log, with: {message: '" + probe + "'}}]\n",
	} {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	basic := masktest.Encodings()["basic"](probe)
	for _, args := range [][]string{
		{"run", "./in.yaml", "--input", "t=" + probe, "--config", "fine.yaml"}, {"run", "./in.yaml", "--input", "t=" + basic, "--config", "fine.yaml"}, {"plan", "./in.yaml", "--input", "t=" + probe, "--config", "fine.yaml"},
		{"run", "./conf.yaml", "--config", "site.yaml"}, {"run", "./conf.yaml", "--config", "fine.yaml", "--set", "v=" + probe}, {"run", "./skill.yaml", "--config", "fine.yaml"},
	} {
		r := b.run(args...)
		r.want(t, 2, `holds the credential of a service \[secret-leak\]`)
		unsaid(t, strings.Join(args[:2], " "), r.out+r.log)
	}
	b.run("run", "./in.yaml", "--input", "t=x", "--config", "fine.yaml").want(t, 3)
	b.run("reject", "last", "--reason", "it is "+probe, "--config", "fine.yaml").want(t, 0)
	err := filepath.WalkDir(b.home, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		unsaid(t, path, string(text))
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestShortCredential: one that is too short to be looked for hides no word, and
// doctor says so.
func TestShortCredential(t *testing.T) {
	t.Parallel()
	b := &bench{t: t, home: t.TempDir(), dir: t.TempDir(), now: fixed, env: map[string]string{"PROBE": "run"}}
	if err := os.WriteFile(filepath.Join(b.dir, "site.yaml"), []byte("services: {http: {url: 'http://127.0.0.1:1', token: env:PROBE}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := b.run("doctor", "--config", "site.yaml")
	if !strings.Contains(r.out, "skipped  masking: the credential has fewer than 6 bytes") || strings.Contains(r.out, "‹secret›") {
		t.Errorf("%s%s", r.out, r.log)
	}
}
