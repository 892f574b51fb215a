package git_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	gogit "github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/skillrun/skillrun/engine/types"
)

var wanted = regexp.MustCompile(`want [0-9a-f]{40}`)

// givesOnly has the server give one commit whatever it is asked for.
func (r *remote) givesOnly(sha string) {
	r.through(func(req *http.Request) (*http.Response, error) {
		if req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/git-upload-pack") {
			body, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			req.Body = io.NopCloser(bytes.NewReader(wanted.ReplaceAll(body, []byte("want "+sha))))
		}
		return http.DefaultTransport.RoundTrip(req)
	})
}

// TestServerGivesSomethingElse is told apart from a commit that is not there.
func TestServerGivesSomethingElse(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.begin("")
	if err := r.SetBranch("service/app-interface", "release-1", r.shas["feature"]); err != nil {
		t.Fatal(err)
	}
	r.cache = t.TempDir()
	r.givesOnly(r.shas["b"])
	r.fails("git_branch_create", ws("branch", "release-1"), types.Unavailable, "the remote app-interface did not send commit "+r.shas["feature"])
	r.fails("git_read_file", map[string]any{"repo": r.url, "path": "f", "ref": "feature"}, types.Unavailable, "the remote app-interface sent commit "+r.shas["feature"]+" without its f")
	r.fails("git_log", map[string]any{"repo": r.url, "to": r.shas["c"]}, types.Internal, ": an object is missing: ")
}

// TestRealServerLacksObjects names what a remote that gives single objects
// does not give.
func TestRealServerLacksObjects(t *testing.T) {
	t.Parallel()
	r := newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
	in := map[string]any{"repo": r.url, "from": r.shas["a"], "to": r.shas["c"], "paths": []any{"none"}}
	r.must("git_diff", in)
	r.givesOnly(r.shas["a"])
	in["paths"] = []any{"b"}
	r.fails("git_diff", in, types.Unavailable, "the remote app-interface did not send object ")
}

// TestTreeBomb ends the walk of trees that hold themselves many times over.
func TestTreeBomb(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	g, err := gogit.PlainOpen(r.dir("service/app-interface"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(o object.Object) plumbing.Hash {
		t.Helper()
		raw := g.Storer.NewEncodedObject()
		if err := o.Encode(raw); err != nil {
			t.Fatal(err)
		}
		h, err := g.Storer.SetEncodedObject(raw)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	below := object.TreeEntry{Mode: filemode.Regular, Hash: plumbing.ComputeHash(plumbing.BlobObject, []byte("x\n"))}
	raw := g.Storer.NewEncodedObject()
	raw.SetType(plumbing.BlobObject)
	w, _ := raw.Writer()
	w.Write([]byte("x\n"))
	if _, err := g.Storer.SetEncodedObject(raw); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		tree := &object.Tree{}
		for i := range 10 {
			tree.Entries = append(tree.Entries, object.TreeEntry{Name: fmt.Sprint(i), Mode: below.Mode, Hash: below.Hash})
		}
		below = object.TreeEntry{Mode: filemode.Dir, Hash: put(tree)}
	}
	sha := put(&object.Commit{TreeHash: below.Hash, Author: *signature, Committer: *signature, Message: "bomb\n", ParentHashes: []plumbing.Hash{plumbing.NewHash(r.shas["c"])}})
	if err := r.SetBranch("service/app-interface", "bomb", sha.String()); err != nil {
		t.Fatal(err)
	}
	r.fails("git_show", map[string]any{"repo": r.url, "commit": "bomb"}, types.BadInput, "more than 50000 files differ")
	out := r.must("git_diff", map[string]any{"repo": r.url, "from": "main", "to": "bomb", "paths": []any{"0/0/0/0/0/0/0"}})
	if out["total"] != 10 {
		t.Errorf("%v", out["total"])
	}
}

// TestOtherWorkOfTheSameKind meets a branch of ours that holds another commit.
func TestOtherWorkOfTheSameKind(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.prepare("")
	mine := r.call.Workspaces
	r.fresh()
	r.begin("")
	r.edit("ref: other\n")
	theirs := r.must("git_commit", ws("message", "m"))["sha"].(string)
	r.must("git_push", ws())
	r.call.Key.Path = "anotherpat"
	r.fresh()
	r.begin("")
	r.edit("ref: third\n")
	r.fails("git_commit", ws("message", "m"), types.Conflict, "exists and holds other commits of this work")
	r.call.Workspaces = mine
	meta := filepath.Join(mine, "app-interface", "workspace.json")
	text, err := os.ReadFile(meta)
	if err != nil {
		t.Fatal(err)
	}
	r.write(meta, strings.Replace(string(text), "{", `{"seen":"`+theirs+`",`, 1))
	r.fails("git_push", ws(), types.Conflict, "is not based on it")
	r.fails("git_push", ws(), types.Conflict, " and this run's commit ")
}

// TestForkFallsBehind moves the default branch of the repository away from the
// base, which the fork never had.
func TestForkFallsBehind(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for branch, sha := range map[string]string{"main": r.shas["a"], "feature": ""} {
		if err := r.SetBranch("bot/app-interface", branch, sha); err != nil {
			t.Fatal(err)
		}
	}
	r.prepare(r.fork)
	r.main(commit("d", "theirs\n", 9, map[string]*string{"data/other.yml": text("y\n")}, "c"))
	r.fails("git_push", ws("repo", r.fork), types.Conflict, ", and it is no longer the tip of any branch")
}

// TestBrokenClones are refused with what is wrong with them.
func TestBrokenClones(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	dir := t.TempDir()
	in := map[string]any{"repo": dir}
	r.write(filepath.Join(dir, "HEAD"), "ref: refs/heads/main\n")
	r.fails("git_branch_list", in, types.NotFound, " is not a git clone")
	r.write(filepath.Join(dir, "config"), "[remote \"origin\n")
	r.fails("git_branch_list", in, types.BadInput, "the git configuration of "+dir+" cannot be read: ")
}

// TestNowhereToKeepThings says which folder cannot be used.
func TestNowhereToKeepThings(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.begin("")
	in := map[string]any{"repo": r.url, "path": file}
	full, cache := r.call.Workspaces, r.cache
	r.write(filepath.Join(full, "app-interface", "workspace.json"), "{")
	r.fails("git_commit", ws("message", "m"), types.Internal, "workspace app-interface cannot be used: ")
	r.call.Workspaces = ""
	r.fails("git_commit", ws("message", "m"), types.Internal, "this run has no folder for workspaces")
	r.cache = ""
	r.connect()
	r.fails("git_read_file", in, types.Internal, "there is no folder for fetched objects")
	r.cache = filepath.Join(cache, "file")
	r.write(r.cache, "")
	r.connect()
	r.fails("git_read_file", in, types.Internal, "the cache of fetched objects cannot be used: ")
}

// mute is an agent that lists keys and does not sign.
type mute struct{ agent.Agent }

// Sign refuses.
func (mute) Sign(ssh.PublicKey, []byte) (*ssh.Signature, error) { return nil, fmt.Errorf("no") }

// TestAgentDoesNotSign changes the environment, so it is not parallel.
func TestAgentDoesNotSign(t *testing.T) {
	r := newRemote(t)
	_, private, path := keyPair(t)
	serveAgent(t, mute{startAgent(t, private)})
	r.service.SigningKeyFile = path + ".pub"
	r.connect()
	r.begin("")
	r.edit("ref: new\n")
	r.fails("git_commit", ws("message", "m"), types.Auth, "the commit cannot be signed with "+path+".pub: ")
}
