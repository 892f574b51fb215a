package git_test

import (
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gogit "github.com/go-git/go-git/v5"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
	"github.com/skillrun/skillrun/steps/git"
)

// releases are the uses of a skill that releases.
func releases(repo, push string) []step.Use {
	return []step.Use{
		{Node: "read", Step: "git_read_file", Args: types.Values{"repo": repo, "path": file, "ref": "main"}},
		{Node: "checkout", Step: "git_checkout", Args: types.Values{"repo": repo}},
		{Node: "branch", Step: "git_branch_create", Args: types.Values{"push_repo": push}},
		{Node: "commit", Step: "git_commit"},
		{Node: "push", Step: "git_push"},
	}
}

// examined is what an examination found, a line each.
func (r *remote) examined(uses []step.Use) string {
	r.t.Helper()
	examine := git.Examine(git.Options{Cache: r.cache, Services: map[string]git.Service{"git": r.service}})
	var out []string
	for _, f := range examine(r.t.Context(), "git", uses, time.Now()) {
		line := f.State() + " " + f.Subject + ": " + f.Detail + f.Skipped
		if f.Err != nil {
			line += string(f.Err.Code) + " " + f.Err.Message
			if f.Err.Hint == "" {
				r.t.Errorf("%s has no remedy", line)
			}
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

// TestExamine finds all well, and writes nothing anywhere.
func TestExamine(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	r.cache = filepath.Join(t.TempDir(), "made", "when", "needed")
	var writes atomic.Int32
	r.through(func(req *http.Request) (*http.Response, error) {
		if req.Method != http.MethodGet {
			writes.Add(1)
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	_, _, key := keyPair(t)
	r.service.SigningKeyFile, r.service.CommitterName, r.service.CommitterEmail = key, "Ada", "ada@example.com"
	host := strings.TrimPrefix(r.service.URL, "http://")
	for _, push := range []string{"", r.fork} {
		to := push
		if to == "" {
			to = r.url
		}
		want := strings.Join([]string{
			"ok reach " + host + ": it answers over HTTP/1.1",
			"ok clock against " + host + ": they agree within a minute",
			"ok credential for " + host + ": the configured token is sent there",
			"ok cache folder: " + r.cache,
			"ok author of commits: Bot <bot@example.com>, committed by Ada <ada@example.com>",
			"ok signing key: " + key,
			"ok repository " + r.url + ": 2 branches, the default one is main",
			"ok push to " + to + ": the remote " + to + " accepts pushes from this account; push rules and protected branches are not checked",
		}, "\n")
		if got := r.examined(releases(r.url, push)); got != want {
			t.Errorf("found\n%s\nwant\n%s", got, want)
		}
	}
	if n := writes.Load(); n != 0 {
		t.Errorf("%d requests that could write", n)
	}
	if _, err := os.Stat(filepath.Dir(filepath.Dir(r.cache))); err == nil {
		t.Errorf("the cache folder was made")
	}
}

// TestExamineChanges asks of the steps that change what is read whether they may, of
// each remote once.
func TestExamineChanges(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	clone := t.TempDir()
	g, err := gogit.PlainInit(clone, false)
	if err != nil {
		t.Fatal(err)
	}
	r.remotes(g, map[string]string{"origin": r.fork, "upstream": r.url})
	checkout := step.Use{Node: "checkout", Step: "git_checkout", Args: types.Values{"repo": clone}}
	for name, uses := range map[string][]step.Use{
		"a tag":    {{Node: "tag", Step: "git_tag_create", Args: types.Values{"repo": clone}}},
		"a branch": {{Node: "gone", Step: "git_branch_delete", Args: types.Values{"repo": clone}}, {Node: "also", Step: "git_branch_delete", Args: types.Values{"repo": r.url}}},
		"a move":   {checkout, {Node: "move", Step: "git_branch_update"}},
		"both":     {checkout, {Node: "move", Step: "git_branch_update"}, {Node: "tag", Step: "git_tag_create", Args: types.Values{"repo": clone}}},
	} {
		got := r.examined(uses)
		if strings.Count(got, "accepts pushes from this account") != 1 || !strings.Contains(got, "the remote "+r.url+" accepts pushes") {
			t.Errorf("%s: found\n%s", name, got)
		}
	}
	got := r.examined([]step.Use{checkout, {Node: "push", Step: "git_push"}, {Node: "move", Step: "git_branch_update"}})
	if strings.Count(got, "accepts pushes from this account") != 2 || !strings.Contains(got, "the remote "+r.fork+" accepts pushes") {
		t.Errorf("a push and a move: found\n%s", got)
	}
	r.service.Token = types.NewSecret("wrong")
	if got := r.examined([]step.Use{{Node: "tag", Step: "git_tag_create", Args: types.Values{"repo": clone}}}); !strings.Contains(got, "failed push to "+clone) {
		t.Errorf("a wrong token: found\n%s", got)
	}
}

// TestExamineFaults names each fault.
func TestExamineFaults(t *testing.T) {
	t.Parallel()
	client, err := net.Dial("tcp", listening(t, "tcp", "127.0.0.1:0", func(net.Conn) {}).Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	down := client.LocalAddr().String() // no one listens there, and no one can
	for name, tt := range map[string]struct {
		fault func(r *remote)
		want  string
	}{
		"the host is down":      {func(r *remote) { r.url = "http://" + down + "/x.git" }, "failed reach " + down + ": network "},
		"what hangs on it":      {func(r *remote) { r.url = "http://" + down + "/x.git" }, "skipped repository http://" + down + "/x.git: fix what failed above first"},
		"no repository":         {func(r *remote) { r.url = strings.Replace(r.url, "app-interface", "none", 1) }, "failed repository "},
		"a wrong token":         {func(r *remote) { r.service.Token = types.NewSecret("wrong") }, "failed push to "},
		"no token":              {func(r *remote) { r.service.Token = types.Secret{} }, ": auth push of app-interface: the server requires a credential, or another one"},
		"no token, and so read": {func(r *remote) { r.service.Token = types.Secret{} }, ": none: it is read anonymously"},
		"no cache folder":       {func(r *remote) { r.cache = "" }, "failed cache folder: internal there is no folder for fetched objects"},
		"the cache is a file": {func(r *remote) {
			r.cache = filepath.Join(r.t.TempDir(), "file", "below")
			r.write(filepath.Dir(r.cache), "")
		}, "failed cache folder: internal the cache of fetched objects cannot be used: write to "},
		"no signing key":   {func(r *remote) { r.service.SigningKeyFile = "/nowhere/key" }, "failed signing key: invalid the signing key cannot be read"},
		"nobody signs off": {func(r *remote) { r.service.SignOff, r.service.AuthorName = true, "" }, "failed author of commits: invalid sign_off is on"},
		"no clone":         {func(r *remote) { r.url = filepath.Join(r.t.TempDir(), "none") }, ": not_found there is no git clone at"},
		"a clone without remotes": {func(r *remote) {
			r.url = r.t.TempDir()
			if _, err := gogit.PlainInit(r.url, false); err != nil {
				r.t.Fatal(err)
			}
		}, "has no remote named upstream or origin"},
		"no default branch": {func(r *remote) {
			r.write(filepath.Join(r.dir("service/app-interface"), "HEAD"), "ref: refs/heads/gone\n")
		}, `not_found the remote app-interface has no branch "gone"`},
		"no such branch": {func(r *remote) {
			if err := r.SetBranch("service/app-interface", "trunk", r.shas["c"]); err != nil {
				r.t.Fatal(err)
			}
			r.write(filepath.Join(r.dir("service/app-interface"), "HEAD"), "ref: refs/heads/trunk\n")
			if err := r.SetBranch("service/app-interface", "main", ""); err != nil {
				r.t.Fatal(err)
			}
		}, `not_found the remote app-interface has no branch "main"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			tt.fault(r)
			if got := r.examined(releases(r.url, "")); !strings.Contains(got, tt.want) {
				t.Errorf("found\n%s\nwant %q", got, tt.want)
			}
		})
	}
}

// TestExamineElsewhere finds a service that is not configured, and an ssh host
// that is unknown. It changes the environment, so it is not parallel.
func TestExamineElsewhere(t *testing.T) {
	r := newRemote(t)
	got := git.Examine(git.Options{})(t.Context(), "other", nil, time.Now())
	if len(got) != 1 || got[0].Err == nil || got[0].Err.Message != "no service other of kind git is configured" {
		t.Errorf("%v", got)
	}
	user, private, _ := keyPair(t)
	h := r.serveSSH(user.PublicKey())
	startAgent(t, private)
	h.known(t)
	if got := r.examined(releases(r.url, "")); strings.Count(got, "forbidden the ssh host "+h.addr+" is not in known_hosts") != 2 {
		t.Errorf("found\n%s", got)
	}
	h.known(t, h.key.PublicKey())
	if got := r.examined(releases(r.url, "")); strings.Contains(got, "failed") {
		t.Errorf("found\n%s", got)
	}
}
