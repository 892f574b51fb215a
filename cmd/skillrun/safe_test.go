package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// TestFoldersOthersCanWrite: where others could put another folder in the place
// of one of ours, no verb comes to a run, and nothing is written.
func TestFoldersOthersCanWrite(t *testing.T) {
	t.Parallel()
	for _, variable := range []string{"XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"} {
		b := newBench(t)
		top := t.TempDir()
		b.env[variable] = filepath.Join(top, "a", "b")
		b.must(errors.Join(os.MkdirAll(b.env[variable], 0o700), os.Chmod(top, 0o777)))
		b.release(b.sha()).want(t, 2, `unsafe: `+top+` can be written by others`, `chmod go-w`)
		if w := b.state().writes(); len(w) != 0 {
			t.Errorf("%s: it wrote %+v", variable, w)
		}
		if made, _ := os.ReadDir(b.env[variable]); len(made) != 0 {
			t.Errorf("%s: it made %v", variable, made)
		}
		b.must(os.Chmod(top, 0o755))
		b.release(b.sha()).want(t, 0)
		b.must(os.Chmod(top, 0o777))
		for _, verb := range [][]string{{"resume", "last"}, {"undo", "last", "--yes"}, {"runs", "last"}, {"runs"}, {"verify", "last"}} {
			if r := b.on(verb...); variable == "XDG_STATE_HOME" && (r.code == 0 || !strings.Contains(r.log, "can be written by others")) {
				t.Errorf("%v: exit %d, %s", verb, r.code, r.log)
			}
		}
	}
}

// TestFilesOthersCanWrite: nor where they could write the user's configuration, the
// list of trusted folders, or a skill beside them; also where a link leads.
func TestFilesOthersCanWrite(t *testing.T) {
	t.Parallel()
	const skill = "name: mine\nsteps: [{id: a, set: {x: 1}}]\n"
	for name, text := range map[string]string{"skillrun.yaml": "site: mine\n", "trusted.json": `{"folders": []}`, "skills/mine.yaml": skill} {
		b := newBench(t)
		own := filepath.Join(b.home, ".config", "skillrun")
		file := filepath.Join(own, name)
		b.must(errors.Join(os.MkdirAll(filepath.Join(own, "skills"), 0o700), os.WriteFile(filepath.Join(own, "skills", "mine.yaml"), []byte(skill), 0o600), os.WriteFile(file, []byte(text), 0o644)))
		b.on("run", "mine").want(t, 0)
		b.must(os.Chmod(file, 0o666))
		b.on("run", "mine").want(t, 2, `unsafe: `+file+` can be written by others`, `chmod go-w`)
		b.must(errors.Join(os.Chmod(file, 0o600), os.Rename(file, file+".real"), os.Symlink(file+".real", file)))
		b.on("run", "mine").want(t, 0)
		top := t.TempDir()
		b.must(errors.Join(os.Remove(file), os.WriteFile(filepath.Join(top, "x"), []byte(text), 0o600), os.Symlink(filepath.Join(top, "x"), file), os.Chmod(top, 0o777)))
		b.on("run", "mine").want(t, 2, `unsafe: `+top+` can be written by others`)
	}
}

// TestDeepAnswer: an answer nested so deep that a journal could not give it back
// fails its step, and the run continues when the service says something else.
func TestDeepAnswer(t *testing.T) {
	t.Parallel()
	const depth = 9999
	var well atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if well.Load() {
			fmt.Fprint(w, `{"x": [1]}`)
			return
		}
		fmt.Fprint(w, strings.Repeat("[", depth)+strings.Repeat("]", depth))
	}))
	t.Cleanup(srv.Close)
	b := newBench(t)
	b.conf = filepath.Join(b.dir, "conf.yaml")
	b.must(os.WriteFile(b.conf, []byte("services:\n  api: {kind: http, url: \""+srv.URL+"\"}\n"), 0o600))
	file := b.skill("deep", "name: deep\nsteps:\n  - {id: get, uses: http_get, with: {service: api, path: x}}\n  - {id: s, set: {y: \"${{ steps.get.json }}\"}}\noutputs:\n  z: ${{ steps.s.y }}\n")
	b.on("run", file).want(t, 1, `the answer is nested deeper than 100`, `\[unavailable\]`)
	b.on("plan", file).want(t, 1, `the answer is nested deeper than 100`)
	b.on("verify", "last").want(t, 0)
	well.Store(true)
	b.on("resume", "last").want(t, 0, `z: .*x`)
	b.on("verify", "last").want(t, 0)
}
