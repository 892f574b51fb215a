package git_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/steps/git/gittest"
)

// meter counts what goes over the wire.
type meter struct{ requests, bytes atomic.Int64 }

// RoundTrip counts a request and the bytes of its answer.
func (m *meter) RoundTrip(req *http.Request) (*http.Response, error) {
	m.requests.Add(1)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(resp.Body, m), resp.Body}
	}
	return resp, err
}

// Write counts bytes.
func (m *meter) Write(p []byte) (int, error) {
	m.bytes.Add(int64(len(p)))
	return len(p), nil
}

// TestRealCost gates what a read of one file and a release cost from nothing,
// in a repository whose other files and history are large: the file alone where
// the server gives single objects, else one commit without its history. The
// server speaks protocol v2, which takes one request more, once a remote: what
// can it do?
func TestRealCost(t *testing.T) {
	t.Parallel()
	const kib = 1 << 10
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := func() *string { // 64 KiB that do not compress
		var b strings.Builder
		for range 64 * kib {
			b.WriteByte(byte(rnd.UintN(256)))
		}
		return text(b.String())
	}
	files := map[string]*string{file: text("ref: old\nother: x\n"), "data/beside": noise()}
	for i := range 200 {
		files[fmt.Sprintf("data/services/s%d/deploy.yml", i)] = text(fmt.Sprint("ref: ", i, "\n"))
	}
	commits := []gittest.Commit{commit("1", "first\n", 0, files), commit("2", "noise\n", 1, map[string]*string{"history": noise()}, "1"),
		commit("3", "no noise\n", 2, map[string]*string{"history": nil}, "2")}
	type cost struct{ requests, bytes int64 }
	for name, tt := range map[string]struct {
		options            []string
		read, release, log cost
	}{
		"partial": {[]string{"uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"}, cost{7, 8 * kib}, cost{12, 10 * kib}, cost{2, 2 * kib}},
		"shallow": {nil, cost{3, 92 * kib}, cost{8, 94 * kib}, cost{2, 160 * kib}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemoteBehind(t, backend(t, tt.options...))
			shas, err := r.Create("service/large", "main", commits, map[string]string{"main": "3"})
			if err != nil {
				t.Fatal(err)
			}
			r.url = strings.Replace(r.url, "app-interface", "large", 1)
			m := &meter{}
			r.service.Transport = m
			r.connect()
			gate := func(what string, most cost) {
				t.Helper()
				if got := (cost{m.requests.Load(), m.bytes.Load()}); got.requests > most.requests || got.bytes > most.bytes {
					t.Errorf("%s: %d requests and %d bytes, the gates are %d and %d", what, got.requests, got.bytes, most.requests, most.bytes)
				}
			}
			read := r.must("git_read_file", map[string]any{"repo": r.url, "path": file})
			gate("read", tt.read)
			large := ws("workspace", "large")
			r.must("git_checkout", map[string]any{"repo": r.url, "commit": read["commit"], "paths": []any{file}})
			r.must("git_branch_create", ws("workspace", "large", "branch", "release-1"))
			r.write(r.call.Workspaces+"/large/files/"+file, "ref: new\n")
			r.must("git_commit", ws("workspace", "large", "message", "release"))
			r.must("git_push", large)
			gate("release", tt.release)
			m.requests.Store(0)
			m.bytes.Store(0)
			r.must("git_log", map[string]any{"repo": r.url, "from": shas["1"], "to": shas["3"]})
			gate("log", tt.log)
		})
	}
}

// TestTheRequestsOfAReference checks the same of the steps that change others. In v2,
// which the cost is of, tags are asked for beside the branches.
func TestTheRequestsOfAReference(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(testing.TB) *remote{"v0": newRemote, "v2": func(t testing.TB) *remote { return newRemoteBehind(t, backend(t)) }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := make(t)
			r.prepare("")
			m := &meter{}
			r.service.Transport = m
			r.connect()
			r.must("git_branch_list", map[string]any{"repo": r.url}) // whoever changes a reference has looked
			for step, in := range map[string]map[string]any{
				"git_tag_create": r.tagging("sha", r.shas["c"]), "git_branch_delete": r.deleting("feature", r.shas["feature"]),
				"git_branch_update": ws("branch", "main", "expect", r.shas["c"]),
			} {
				s, _ := r.steps.Lookup(step)
				before := m.requests.Load()
				r.findOf(step, in)
				found := m.requests.Load()
				r.must(step, in)
				if look, do := int(found-before), int(m.requests.Load()-found); look > s.Look.Requests || name == "v2" && look != s.Look.Requests || do != s.Make.Requests {
					t.Errorf("%s costs %d and %d, and says %+v and %+v", step, look, do, s.Look, s.Make)
				}
			}
		})
	}
}

// TestTheRequestsOfAPush checks what git_push says of its cost against what it
// sends: one that is not there yet, to the repository itself and to a fork.
func TestTheRequestsOfAPush(t *testing.T) {
	t.Parallel()
	itself, fork := func(r *remote) string { return r.url }, func(r *remote) string { return r.fork }
	for name, tt := range map[string]struct {
		make func(t testing.TB) *remote
		push func(r *remote) string
	}{
		"itself": {newRemote, itself}, "a fork": {newRemote, fork},
		"protocol v2": {func(t testing.TB) *remote { return newRemoteBehind(t, backend(t)) }, itself},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, push := tt.make(t), tt.push
			m := &meter{}
			r.service.Transport = m
			r.connect()
			r.prepare(push(r))
			in := ws("repo", push(r), "branch", "release-1")
			part := func(do func()) step.Cost {
				before := m.requests.Load()
				do()
				n := int(m.requests.Load() - before)
				return step.Cost{Requests: n, Trips: n}
			}
			look := part(func() {
				if f := r.find(in); f.State != step.StateAbsent {
					t.Errorf("got %+v", f)
				}
			})
			do := part(func() { r.must("git_push", in) })
			if s, _ := r.steps.Lookup("git_push"); look != s.Look || do != s.Make {
				t.Errorf("it costs %+v and %+v, and says %+v and %+v", look, do, s.Look, s.Make)
			}
		})
	}
}
