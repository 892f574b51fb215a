package git_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/skillrun/skillrun/engine/step"
	"github.com/skillrun/skillrun/engine/types"
)

const project = "service/app-interface"

// findOf looks for the effect of a step.
func (r *remote) findOf(name string, in map[string]any) step.Found[json.RawMessage] {
	r.t.Helper()
	s, _ := r.steps.Lookup(name)
	f, err := s.Find(r.ctx(), r.call.Key, types.Encode(s.In.Defaults(in)))
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	return f
}

// sameOut compares what was found with what was made.
func sameOut(found json.RawMessage, made map[string]any) bool {
	v, err := types.Decode(found)
	return err == nil && reflect.DeepEqual(v, any(made))
}

// undo reverses an effect, after it was looked whether it can be.
func (r *remote) undo(name string, in, out map[string]any) (said string, err error) {
	r.t.Helper()
	s, _ := r.steps.Lookup(name)
	given, made := types.Encode(s.In.Defaults(in)), types.Encode(out)
	if said, err = s.DescribeUndo(given, made); err == nil {
		err = s.CheckUndo(r.ctx(), r.call.Key, given, made)
	}
	if err == nil {
		err = s.Undo(r.ctx(), r.call.Key, given, made)
	}
	return said, err
}

// servers are the git servers that all steps that change references are tried with.
func servers() map[string]func(t testing.TB) *remote {
	return map[string]func(t testing.TB) *remote{
		"go-git, protocol v0": newRemote,
		"git, protocol v2":    func(t testing.TB) *remote { return newRemoteBehind(t, backend(t)) },
		"git, partial": func(t testing.TB) *remote {
			return newRemoteBehind(t, backend(t, "uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"))
		},
		"a folder": func(t testing.TB) *remote {
			r := newRemote(t)
			r.url = r.dir(project)
			r.write(filepath.Join(r.url, "config"), "[core]\n\tbare = true\n")
			return r
		},
	}
}

func onEachServer(t *testing.T, try func(t *testing.T, r *remote)) {
	for name, serve := range servers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			try(t, serve(t))
		})
	}
}

func (r *remote) tagging(more ...any) map[string]any {
	in := map[string]any{"repo": r.url, "tag": "v1.2.3", "sha": r.shas["b"], "message": "Release\n\nof everything\n\n"}
	for i := 0; i < len(more); i += 2 {
		in[more[i].(string)] = more[i+1]
	}
	return in
}

// TestTag makes a tag once, lists it and deletes it.
func TestTag(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, r *remote) {
		in := r.tagging()
		if f := r.findOf("git_tag_create", in); f.State != step.StateAbsent {
			t.Errorf("before: %+v", f)
		}
		out := r.must("git_tag_create", in)
		if f := r.findOf("git_tag_create", in); f.State != step.StateExists || !sameOut(f.Out, out) {
			t.Errorf("after: %+v, made %v", f, out)
		}
		o, err := r.Tag(project, r.Tags(project)["v1.2.3"])
		if err != nil || o.Message != "Release\n\nof everything\n" || o.Target.String() != r.shas["b"] || o.Tagger.Name != "Bot" || !o.Tagger.When.Equal(at(100)) {
			t.Errorf("the tag is %v: %v", o, err)
		}
		r.must("git_tag_create", in) // of the same run: it is there
		for name, sha := range map[string]string{"v1.2.10": r.shas["a"], "other": r.shas["c"]} {
			if err := r.SetTag(project, name, sha); err != nil {
				t.Fatal(err)
			}
		}
		list := r.must("git_tag_list", map[string]any{"repo": r.url, "prefix": "v"})
		if want := fmt.Sprint([]any{map[string]any{"name": "v1.2.10", "sha": r.shas["a"]}, map[string]any{"name": "v1.2.3", "sha": r.shas["b"]}}); fmt.Sprint(list["tags"]) != want {
			t.Errorf("listed %v, want %s", list["tags"], want)
		}
		if all := r.must("git_tag_list", map[string]any{"repo": r.url})["tags"].([]any); len(all) != 3 {
			t.Errorf("listed %v", all)
		}
		for range 2 {
			said, err := r.undo("git_tag_create", in, out)
			if left := r.Tags(project); err != nil || len(left) != 2 || said != "delete tag v1.2.3 of "+r.url {
				t.Errorf("%s: %v, left are %v", said, err, left)
			}
		}
	})
}

// TestTagThatIsThere takes a tag up or stops, whatever it is.
func TestTagThatIsThere(t *testing.T) {
	t.Parallel()
	onEachServer(t, func(t *testing.T, r *remote) {
		made := r.must("git_tag_create", r.tagging())
		r.fresh() // which makes another object, of another time
		r.must("git_tag_create", r.tagging("tag", "again"))
		for name, tt := range map[string]struct {
			in    map[string]any
			state step.FoundState
			why   string
		}{
			"the same":              {r.tagging(), step.StateExists, ""},
			"the same in substance": {r.tagging("message", "Release\n\nof everything"), step.StateExists, ""},
			"another commit":        {r.tagging("sha", r.shas["a"]), step.StateEnded, "tag v1.2.3 is on " + r.shas["b"][:12] + ", not on " + r.shas["a"][:12]},
			"another message":       {r.tagging("message", "other"), step.StateEnded, `its message is "Release\n\nof everything"`},
			"a longer name":         {r.tagging("tag", "v1.2"), step.StateAbsent, ""},
		} {
			if f := r.findOf("git_tag_create", tt.in); f.State != tt.state || !strings.Contains(f.Why, tt.why) {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if err := r.SetTag(project, "light", r.shas["b"]); err != nil {
			t.Fatal(err)
		}
		light := r.tagging("tag", "light")
		if f := r.findOf("git_tag_create", light); f.State != step.StateEnded || !strings.Contains(f.Why, "without a message") {
			t.Errorf("a lightweight tag: %+v", f)
		}
		r.fails("git_tag_create", light, types.Conflict, "there is a tag light already")
		r.fails("git_tag_create", r.tagging("tag", "light/er"), types.Conflict, "tag light conflicts with tag light/er: in git, the name of a tag cannot be a folder of another")
		r.fails("git_tag_create", r.tagging("tag", "v2", "sha", r.shas["lost"]), types.NotFound, "push it first")
		if err := r.SetTag(project, "v1.2.3", r.shas["a"]); err != nil {
			t.Fatal(err)
		}
		if _, err := r.undo("git_tag_create", r.tagging(), made); types.CodeOf(err) != types.Conflict || !strings.Contains(err.Error(), "it is no longer what this run made") || r.Tags(project)["v1.2.3"] != r.shas["a"] {
			t.Errorf("a tag that was moved is deleted: %v, %v", err, r.Tags(project))
		}
	})
}

// TestTagFails sorts the ends of the request, and sends it once.
func TestTagFails(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	in := r.tagging()
	for _, after := range []bool{false, true} {
		r.through(once(isPush, lost(after)))
		r.fails("git_tag_create", in, types.UnknownOutcome, "the answer was lost")
		want := map[bool]step.FoundState{false: step.StateAbsent, true: step.StateExists}[after]
		if f := r.findOf("git_tag_create", in); f.State != want {
			t.Errorf("sent %v: %+v", after, f)
		}
	}
	r.through(http.DefaultTransport.RoundTrip)
	r.refusing("tags are protected\nask Ada")
	r.fails("git_tag_create", r.tagging("tag", "v2"), types.Forbidden, "create tag v2: the server refused it: tags are protected: ask Ada")
	r.refusing("")
	r.through(func(req *http.Request) (*http.Response, error) {
		if isPush(req) {
			if err := r.SetTag(project, "v3", r.shas["a"]); err != nil {
				t.Error(err)
			}
		}
		return http.DefaultTransport.RoundTrip(req)
	})
	r.fails("git_tag_create", r.tagging("tag", "v3"), types.Conflict, "create tag v3: the tag moved while it was pushed: stale info")
}

// TestTagRefuses names that git does not take, and messages that it would not give back.
func TestTagRefuses(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	for _, tag := range []string{"a..b", "a.lock", "a//b", "a/", "a.", "HEAD"} {
		r.fails("git_tag_create", r.tagging("tag", tag), types.BadInput, "is not a tag name")
	}
	r.fails("git_tag_create", r.tagging("tag", "-x"), types.BadInput, "tag")
	for message, want := range map[string]string{
		" \n": "the tag's message is empty", "a\x00b": "the tag's message holds a NUL, which git cannot store",
		"m\n-----BEGIN SSH SIGNATURE-----\n": "the tag's message holds a line that begins with -----BEGIN, as a signature does",
	} {
		r.fails("git_tag_create", r.tagging("message", message), types.BadInput, want)
	}
	if got := r.Tags(project); len(got) != 0 {
		t.Errorf("tags %v", got)
	}
}

// TestTagResolve reads back the tag that a person says is there.
func TestTagResolve(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	s, _ := r.steps.Lookup("git_tag_create")
	resolve := func(ref string) (string, error) {
		out, err := s.Resolve(r.ctx(), ref, types.Encode(s.In.Defaults(r.tagging())))
		return string(out), err
	}
	for _, tt := range []struct {
		ref, want string
		do        func() error
	}{
		{"v9", `the step makes the tag v1.2.3, not "v9"`, nil},
		{"v1.2.3", "there is no tag v1.2.3", nil},
		{"v1.2.3", "is on that commit, without a message", func() error { return r.SetTag(project, "v1.2.3", r.shas["b"]) }},
	} {
		if tt.do != nil {
			if err := tt.do(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := resolve(tt.ref); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
	if err := r.SetTag(project, "v1.2.3", ""); err != nil {
		t.Fatal(err)
	}
	made := r.must("git_tag_create", r.tagging())
	if out, err := resolve("v1.2.3"); err != nil || !sameOut([]byte(out), made) {
		t.Errorf("%s %v", out, err)
	}
}

// TestTagIsSigned signs as commits are.
func TestTagIsSigned(t *testing.T) {
	t.Parallel()
	r := newWorld(t)
	_, _, r.service.SigningKeyFile = keyPair(t)
	r.connect()
	in := r.tagging("sha", r.sha)
	r.must("git_tag_create", in)
	o, err := r.Tag(project, r.Tags(project)["v1.2.3"])
	if err != nil || !strings.HasPrefix(o.PGPSignature, "-----BEGIN SSH SIGNATURE-----") {
		t.Errorf("%v %v", o, err)
	}
	if f := r.findOf("git_tag_create", in); f.State != step.StateExists {
		t.Errorf("%+v", f)
	}
	gitIn(t, r.dir(project), "fsck", "--strict", "--no-dangling")
}

// TestTagPlan shows what is known.
func TestTagPlan(t *testing.T) {
	t.Parallel()
	r := newRemote(t)
	s, _ := r.steps.Lookup("git_tag_create")
	p, err := s.Preview(r.ctx(), types.Encode(r.tagging()), nil)
	if err != nil || p.Change.Title != "create tag v1.2.3 on "+r.url || len(p.Change.Fields) != 2 || len(p.Unknown) != 0 {
		t.Errorf("%+v %v", p, err)
	}
	p, err = s.Preview(r.ctx(), types.Encode(map[string]any{"repo": r.url, "message": "m"}), step.UnknownPaths{"tag", "sha"})
	if err != nil || p.Change.Title != "create a tag on "+r.url || fmt.Sprint(p.Unknown) != "[tag sha]" {
		t.Errorf("%+v %v", p, err)
	}
}
