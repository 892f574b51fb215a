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

// TestDeepAnswer: an answer nested so deep that a journal could not give it back
// fails its step, and the run goes on when the service says something else.
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
